"""Who are they: a cohort beside everybody else, what to ask next, questions to build it from, and what changed."""

from goldenthread.insight.who.building import Clause, QuestionError, Rows, expression_of, rows_of
from goldenthread.insight.who.changed import Changes, what_changed
from goldenthread.insight.who.compare import AverageRow, Comparison, Row, compare, make_ready
from goldenthread.insight.who.facts import Average, Fact, known_facts
from goldenthread.insight.who.next_questions import Suggestion, next_questions
from goldenthread.insight.who.questions import GROUPS, OPERATORS, Question, Questions, questions_of

__all__ = [
    "GROUPS",
    "OPERATORS",
    "Average",
    "AverageRow",
    "Changes",
    "Clause",
    "Comparison",
    "Fact",
    "Question",
    "QuestionError",
    "Questions",
    "Row",
    "Rows",
    "Suggestion",
    "compare",
    "expression_of",
    "known_facts",
    "make_ready",
    "next_questions",
    "questions_of",
    "rows_of",
    "what_changed",
]
