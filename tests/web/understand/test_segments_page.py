"""The segments page: the same figures as the notebook's, each leading to its people."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from goldenthread.cohorts import Scope
from goldenthread.insight.segments import concentration, segment_matrix
from goldenthread.web.site.data import editions
from tests.web.conftest import PCN

For = Callable[..., Client]


def test_figures_are_those_of_the_notebook(client_for: For) -> None:
    page = client_for("clinical_director").get(f"/understand/{PCN}/segments/").content.decode()
    population = editions().current().population("planning", "somebody").within(Scope.parse(PCN))
    assert concentration(population).sentence in unescape(page)
    matrix = segment_matrix(population)
    shown = matrix.released.display()
    row = shown[(shown["segment"] == "Healthy") & (shown["band"] == "All")].iloc[0]
    assert f">{row['people']}<" in page


def test_cells_lead_to_their_people(client_for: For) -> None:
    client = client_for("clinical_director")
    page = client.get(f"/understand/{PCN}/segments/").content.decode()
    links = [unescape(x) for x in re.findall(rf'href="(/ask/{PCN}/\?q=[^"]+)"', page)]
    assert len(links) > 20
    for link in links[:3] + links[-3:]:
        assert client.get(link).status_code == 200


def test_who_may_not_ask_sees_figures_without_ways_on(client_for: For) -> None:
    page = client_for("ig_lead").get("/understand/system/segments/").content.decode()
    assert "/ask/" not in page
    assert "Who needs what kind of care" in page


@pytest.mark.parametrize("by", ["use", "gaps", "conditions", "nonsense"])
def test_other_columns(client_for: For, by: str) -> None:
    assert client_for("clinical_director").get(f"/understand/{PCN}/segments/", {"by": by}).status_code == 200


def test_predicted_risk_without_a_model_says_what_to_do(client_for: For) -> None:
    page = (
        client_for("clinical_director").get(f"/understand/{PCN}/segments/", {"by": "risk"}).content.decode()
    )
    assert "goldenthread need fit" in page
