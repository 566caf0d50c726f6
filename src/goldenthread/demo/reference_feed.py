"""Reference files: practices, PCNs, places, providers and small areas."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from goldenthread.demo import reference
from goldenthread.demo.population import PracticePlan
from goldenthread.demo.writers import write_quoted

_PLACE_OF = {i: reference.PLACES[i % 3][0] for i in range(1, 15)}


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
        ((c, n, _PLACE_OF[int(c[-3:])]) for c, n in zip(names["pcn_code"], names["pcn_name"], strict=True) if c in pcns),
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
