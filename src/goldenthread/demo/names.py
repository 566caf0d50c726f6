"""Names that fit an ethnic group and a decade of birth. Every person is invented."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_M = {
    1900: "Arthur Frank Ronald Kenneth Harold Dennis George Leslie Stanley Albert Ernest Raymond Eric Walter Jack Norman Gordon Douglas Sidney Herbert Reginald Cyril Donald Alfred",
    1940: "John David Michael Peter Robert Brian Alan Roger Anthony Keith Malcolm Terence Barry Derek Colin Graham Trevor Clive Geoffrey Raymond Maurice Roy Gerald Philip",
    1960: "Paul Andrew Mark Stephen Ian Gary Kevin Nigel Martin Neil Simon Steven Timothy Carl Darren Richard Julian Adrian Dean Wayne Stuart Craig Jonathan Duncan",
    1980: "Daniel Matthew James Christopher Adam Lee Ryan Luke Thomas Ben Joshua Jamie Scott Liam Ashley Sam Nathan Kieran Aaron Lewis Shaun Jake Callum Connor",
    2000: "Oliver Harry Jack Noah Leo Alfie Archie George Charlie Oscar Theo Freddie Arlo Logan Mason Tyler Finley Jayden Toby Max Reggie Isaac Jude Rory",
}
_F = {
    1900: "Doris Edith Joan Winifred Hilda Gladys Phyllis Irene Vera Ivy Elsie Florence Mabel Kathleen Nora Marjorie Dorothy Muriel Beryl Audrey Mavis Olive Betty Enid",
    1940: "Margaret Jean Patricia Susan Christine Ann Maureen Sheila Carol Judith Pauline Janet Brenda Valerie Sandra Jacqueline Linda Gillian Barbara Rosemary Josephine Shirley Marion Hazel",
    1960: "Karen Deborah Tracey Julie Alison Sharon Helen Jane Nicola Amanda Joanne Lorraine Angela Beverley Tina Lisa Michelle Wendy Dawn Samantha Caroline Heather Paula Sally",
    1980: "Sarah Laura Gemma Rebecca Emma Rachel Kelly Stacey Hayley Natalie Leanne Victoria Charlotte Jessica Amy Lauren Hannah Bethany Kirsty Zoe Danielle Chloe Megan Abigail",
    2000: "Olivia Amelia Isla Ava Mia Poppy Freya Lily Evie Grace Sophie Ella Daisy Phoebe Ruby Willow Elsie Florence Maisie Rosie Harper Ivy Matilda Niamh",
}
_LAST = (
    "Smith Jones Taylor Brown Wilson Johnson Wright Walker Robinson Thompson White Hall Clarke Jackson Green Wood Harris "
    "Martin Cooper King Clark Baker Turner Hill Moore Harrison Ward Watson Morris Parker Bennett Young Allen Mitchell "
    "Cook Carter Richardson Bailey Shaw Collins Bell Miller Cox Marshall Wilkinson Richards Simpson Mason Ellis Hunt "
    "Adams Chapman Webb Rogers Stevens Palmer Barnes Knight Fisher Barker Powell Dixon Gibson Fletcher Russell Holmes "
    "Andrews Butler Jenkins Harvey Pearson Graham Lloyd Lawrence Elliott Payne Hawkins Perry Newton Spencer Burton "
    "Walters Gregory Hudson Brooks Bradley Dawson Hart Willis Lowe Reynolds Francis Day Sutton Rowe Hewitt Pickering "
    "Blow Brackenbury Codd Coupland Cragg Dawber Dring Elvidge Epton Fenwick Gosling Grummitt Harness Kirkby Leggate "
    "Maltby Mawer Odling Pacey Pask Pinder Ranyard Rasen Sardeson Scrimshaw Sleight Stamp Stennett Sharpe Tasker "
    "Temple Thorndyke Ullyatt Vinter Wadsley Wagstaff Waltham Whitlam Wingate Wraith Yarrow Dales Bontoft Baumber "
    "Brocklesby Catley Chatterton Cribb Curtois Dannatt Frow Goodhand Hides Ingamells Kime Laming Lill Mableson "
    "O'Brien Murphy Kelly Doyle Campbell Stewart MacDonald Fraser Davies Evans Hughes Griffiths Owen Pritchard Rees "
    "Hadley-Cole Burrell Copeland Frost Gibbons Haigh Jarvis Kemp Lister Mottram Naylor Oldfield Parkinson Quinn "
    "Rowbotham Shipley Tomlinson Underwood Varley Whittaker Yates Ashton Beasley Crowther Dobson Everett Foley Garner"
)
_GROUPS: dict[str, tuple[str, str, str]] = {
    "C": (
        "Piotr Tomasz Krzysztof Marek Jakub Mateusz Andrzej Pawel Jonas Mantas Darius Vytautas Andrei Ionut Mihai Nikolay Rui Joao Janis Filip",
        "Anna Katarzyna Agnieszka Magdalena Monika Zofia Julia Malgorzata Ieva Ruta Jurgita Daiva Elena Ioana Maria Ines Liga Natalia Zuzanna Oksana",
        "Kowalski Nowak Wisniewski Wojcik Kaminski Lewandowski Zielinski Szymanski Mazur Krawczyk Jankauskas Kazlauskas Petrauskas Popescu Ionescu Dumitru Ozols Kalnins Silva Ferreira Dimitrov Ivanov Horvath Novak",
    ),
    "S": (
        "Arjun Rahul Sanjay Vikram Mohammed Imran Bilal Yusuf Ahmed Hassan Ravi Deepak Suresh Tariq Farhan Ali",
        "Priya Anjali Fatima Ayesha Zainab Nadia Sunita Kavita Meera Shabana Rukhsana Aisha Lakshmi Nisha Samina Rani",
        "Patel Singh Kaur Khan Hussain Ahmed Begum Sharma Mehta Rahman Choudhury Malik Iqbal Nair Thomas Joseph Gupta Islam Mistry Reddy",
    ),
    "R": (
        "Wei Jun Ming Hao Kai Chun Ho Yan", "Mei Li Xiu Ying Hui Fang Yan Ling",
        "Chan Wong Li Chen Zhang Liu Lam Cheung Wang Ng",
    ),
    "N": (
        "Emmanuel Samuel Kwame Tunde Chidi Daniel Joseph Kofi Tendai Winston Delroy Marcus Blessing David",
        "Grace Comfort Ngozi Chioma Blessing Abena Faith Mercy Precious Marcia Beverley Esther Ruth Joy",
        "Okafor Adeyemi Mensah Boateng Owusu Moyo Ncube Okonkwo Williams Campbell Brown Bailey Francis Eze Dube Asante",
    ),
}  # fmt: skip
_GROUP_OF = {"H": "S", "J": "S", "K": "S", "L": "S", "M": "N", "P": "N", "N": "N", "R": "R", "C": "C"}
STREETS = [
    "Church Lane",
    "High Street",
    "Mill Road",
    "Station Road",
    "Fen Road",
    "School Lane",
    "Chapel Lane",
    "Manor Close",
    "Orchard Way",
    "Wolds View",
    "Sandhill Avenue",
    "Windmill Drive",
    "Drove Road",
    "Eaudyke Bank",
    "Tattershall Way",
    "Marsh Lane",
    "Saxon Close",
    "Beech Grove",
    "Willow Drive",
    "Kestrel Close",
    "Lindsey Road",
    "Minster View",
    "Cathedral Street",
    "Riverside",
    "Bridge Street",
    "Market Place",
    "Northgate",
    "Southgate",
    "Westgate",
    "Eastgate",
    "Green Lane",
    "The Crescent",
    "The Paddocks",
    "Meadow Bank",
    "Heron Way",
    "Lancaster Court",
    "Vulcan Drive",
    "Tennyson Road",
    "Newton Close",
    "Franklin Way",
    "Boundary Road",
    "Hawthorn Avenue",
    "Cherry Tree Lane",
    "Ashby Road",
]
HOMES = [
    "Elm Lodge",
    "The Laurels",
    "Fenview House",
    "Holly Court",
    "Sycamore House",
    "Rosebank",
    "Wold Grange",
    "Haven House",
]
_NICK = {
    "Margaret": "Peggy", "Elizabeth": "Liz", "Robert": "Bob", "William": "Bill", "Michael": "Mick", "David": "Dave",
    "Christopher": "Chris", "Patricia": "Pat", "Kathleen": "Kath", "Susan": "Sue", "Deborah": "Debbie",
    "Anthony": "Tony", "James": "Jim", "Thomas": "Tom", "Stephen": "Steve", "Steven": "Steve", "Rebecca": "Becky",
    "Jessica": "Jess", "Charlotte": "Lottie", "Matthew": "Matt", "Daniel": "Dan", "Andrew": "Andy",
    "Katarzyna": "Kasia", "Agnieszka": "Aga", "Malgorzata": "Gosia", "Mohammed": "Mohamed", "Victoria": "Vicky",
    "Nicola": "Nicky", "Amanda": "Mandy", "Jacqueline": "Jackie", "Ronald": "Ron", "Kenneth": "Ken",
}  # fmt: skip


def given(
    rng: np.random.Generator, sex: npt.NDArray[Any], year: npt.NDArray[Any], ethnic: list[str]
) -> list[str]:
    """A given name each; earlier names of a list are commoner."""
    rank = rng.beta(0.9, 1.5, len(sex))
    out = []
    for s, y, e, r in zip(sex.tolist(), year.tolist(), ethnic, rank.tolist(), strict=True):
        group = _GROUP_OF.get(e)
        if group:
            pool = _SPLIT[group][0 if s == 1 else 1]
        else:
            pool = (_MEN if s == 1 else _WOMEN)[1900 if y < 1940 else 2000 if y >= 2000 else y // 20 * 20]
        out.append(pool[int(r * len(pool))])
    return out


def family(rng: np.random.Generator, ethnic: list[str]) -> list[str]:
    """A family name each."""
    rank = rng.beta(0.9, 1.3, len(ethnic))
    return [
        (pool := _SPLIT[_GROUP_OF[e]][2] if e in _GROUP_OF else _SURNAMES)[int(r * len(pool))]
        for e, r in zip(ethnic, rank.tolist(), strict=True)
    ]


def variant(rng: np.random.Generator, first: str, last: str) -> tuple[str, str]:
    """How somebody else might have written the name down: short form, slip of the key, initial, swap, lost mark."""
    roll = rng.random()
    if roll < 0.35 and first in _NICK:
        return _NICK[first], last
    if roll < 0.55:
        return slip(rng, first), last
    if roll < 0.78:
        return first, slip(rng, last)
    if roll < 0.86:
        return first[:1], last
    if roll < 0.93:
        return last, first
    return first.upper(), last.replace("'", "").replace("-", " ").upper()


def slip(rng: np.random.Generator, word: str) -> str:
    """One slip of the key: a letter dropped, doubled or two swapped."""
    if len(word) < 4:
        return word
    i = int(rng.integers(1, len(word) - 2))
    kind = int(rng.integers(0, 3))
    if kind == 0:
        return word[:i] + word[i + 1 :]
    if kind == 1:
        return word[:i] + word[i] + word[i:]
    return word[:i] + word[i + 1] + word[i] + word[i + 2 :]


_MEN = {k: v.split() for k, v in _M.items()}
_WOMEN = {k: v.split() for k, v in _F.items()}
_SPLIT = {k: tuple(x.split() for x in v) for k, v in _GROUPS.items()}
_SURNAMES = _LAST.split()
