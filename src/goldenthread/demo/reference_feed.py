"""Reference files: practices, PCNs, places, providers and small areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from goldenthread.demo import reference
from goldenthread.demo.population import PracticePlan
from goldenthread.demo.writers import write_quoted

_PLACE_OF_DISTRICT = {
    "E07000136": "PL1", "E07000137": "PL1", "E07000138": "PL2", "E07000139": "PL2", "E07000142": "PL2",
    "E07000140": "PL3", "E07000141": "PL3",
}  # fmt: skip


def _place(pcn: str) -> str:
    """The place in which most of a PCN's people are on a list."""
    t, lsoa, index = reference.table("practices"), reference.lsoas(), reference.lsoa_index()
    size: dict[str, int] = {}
    for code, where, people in zip(t["pcn_code"], t["lsoa_code"], t["list_size"], strict=True):
        place = _PLACE_OF_DISTRICT.get(str(lsoa["district_code"][index[where]]) if where in index else "")
        if code == pcn and place:
            size[place] = size.get(place, 0) + int(people)
    return max(sorted(size), key=lambda p: size[p]) if size else reference.PLACES[0][0]


def write(feeds: Path, plans: list[PracticePlan]) -> None:
    """Write reference/QZ1 for the practices that take part."""
    folder = feeds / "reference" / "QZ1"
    t = reference.table("practices")
    rows = [p.index for p in plans]
    write_quoted(
        folder / "practice.csv", ("PRACTICE_CODE", "PRACTICE_NAME", "PCN_CODE", "LSOA_CODE", "SYSTEM_SUPPLIER"),
        ((t["practice_code"][i], t["practice_name"][i], t["pcn_code"][i], t["lsoa_code"][i], t["system_supplier"][i]) for i in rows),
    )  # fmt: skip
    pcns = {p.pcn for p in plans}
    names = reference.table("pcns")
    write_quoted(
        folder / "pcn.csv", ("PCN_CODE", "PCN_NAME", "PLACE_CODE"),
        ((c, n, _place(str(c))) for c, n in zip(names["pcn_code"], names["pcn_name"], strict=True) if c in pcns),
    )  # fmt: skip
    write_quoted(
        folder / "place.csv",
        ("PLACE_CODE", "PLACE_NAME", "SYSTEM_CODE"),
        ((c, n, reference.SYSTEM[0]) for c, n in reference.PLACES),
    )
    lsoa = reference.lsoas()
    districts = sorted(
        {
            (c, n)
            for c, n, inside in zip(
                lsoa["district_code"], lsoa["district_name"], lsoa["in_area"], strict=True
            )
            if inside
        }
    )
    providers = [
        *reference.PROVIDERS,
        *((c, f"{n} District (synthetic rows)", "district council") for c, n in districts),
    ]
    write_quoted(folder / "provider.csv", ("PROVIDER_CODE", "PROVIDER_NAME", "PROVIDER_KIND"), providers)
    header = ("LSOA_CODE", "LSOA_NAME", "MSOA_CODE", "MSOA_NAME", "WARD_CODE", "DISTRICT_CODE", "DISTRICT_NAME", "RURAL_URBAN_CODE", "RURAL",
              "IMD_VINTAGE", "IMD_RANK", "IMD_DECILE", "IMD_SCORE", "POPULATION")  # fmt: skip
    columns = [lsoa[k.lower()] for k in header if k not in ("IMD_VINTAGE", "RURAL")]
    columns.insert(8, np.where(lsoa["rural"] == 1, "Y", "N"))
    columns.insert(9, np.full(len(lsoa["lsoa_code"]), "IoD2025"))
    write_quoted(folder / "lsoa.csv", header, zip(*(c.tolist() for c in columns), strict=True))
