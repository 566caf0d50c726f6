"""Quantiles of areas against OHID's published assignments."""

import numpy as np
import pytest

from goldenthread.statistics import StatisticsError, quantiles


def assert_agree(found, expected):
    np.testing.assert_array_equal(found.quantile, expected.to_numpy(dtype=float))
    assert ((found.note != "") == np.isnan(found.quantile)).all()


@pytest.mark.parametrize("test", ["Gooddata", "GooddataDups"])
@pytest.mark.parametrize("polarity", [True, False])
def test_deciles_within_regions(vector, test, polarity):
    table = vector("quantiles")
    table = table[(table.GroupSet == "IndSexReg") & (table.Test == test) & (table.Polarity == polarity)]
    assert len(table) > 10
    groups = table.IndSexRef + table.ParentCode
    assert_agree(quantiles(table.Value, 10, invert=polarity, groups=groups), table.QuantileInGrp)


def test_septiles_in_england(vector):
    table = vector("quantiles")
    table = table[table.GroupSet == "IndSex"]
    assert_agree(quantiles(table.Value, 7, invert=False, groups=table.IndSexRef), table.QuantileInGrp)


def test_quartiles_without_groups(vector):
    table = vector("quantiles")
    table = table[table.GroupSet == "None"]
    assert table.Value.isna().sum() == 6
    assert_agree(quantiles(table.Value, 4), table.QuantileInGrp)


def test_ties_share_a_quantile_and_reasons_are_given():
    q = quantiles([1, 2, 2, 3, float("nan"), 9], 2, invert=False, groups=list("aaaaab"))
    assert q.quantile.tolist()[:4] == [1, 1, 1, 2]
    assert q.note.tolist() == ["", "", "", "", "no value", "fewer areas than quantiles"]


@pytest.mark.parametrize(
    ("values", "number", "groups"),
    [([1, 2], 1, None), ([1, 2], 2.5, None), ([[1, 2]], 2, None), ([], 2, None), ([1, 2], 2, ["a"])],
)
def test_what_cannot_be_ranked_is_refused(values, number, groups):
    with pytest.raises(StatisticsError):
        quantiles(values, number, groups=groups)


def test_words_are_refused():
    with pytest.raises(StatisticsError, match="not a number"):
        quantiles(["high", "low"], 2)
