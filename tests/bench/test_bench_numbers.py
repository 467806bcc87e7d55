"""Normalisation, error rates, percentiles, intervals, tables."""

import pytest

from oyez.bench import tables, text
from oyez.bench.stats import (
    Errors,
    bootstrap_difference,
    bootstrap_wer,
    pooled,
    summary,
    word_errors,
)


class TestText:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("MISTER HALE", "mister hale"),
            ("Mr. Hale", "mister hale"),
            ("twenty-five", "25"),
            ("won't", "will not"),
            ("um, well", "well"),
            ("", ""),
        ],
    )
    def test_whisper_brings_variants_to_one_form(self, given: str, expected: str) -> None:
        assert text.whisper(given) == expected

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("Well, “don’t” go!", "well don't go"),
            ("twenty-five", "twenty five"),
            ("'tis the dogs' home", "tis the dogs home"),
            ("the way—in short", "the way in short"),
            (" ... ", ""),
        ],
    )
    def test_plain_drops_punctuation_only(self, given: str, expected: str) -> None:
        assert text.plain(given) == expected

    def test_key_keeps_letters_and_digits(self) -> None:
        assert text.key(" Don’t,") == "dont"
        assert text.key("—") == ""


class TestErrors:
    def test_counts_each_kind(self) -> None:
        errors = word_errors("a b c d", "a x c d e")

        assert errors == Errors(4, substitutions=1, insertions=1)
        assert errors.percent == pytest.approx(50.0)

    def test_nothing_said_is_all_deleted(self) -> None:
        assert word_errors("a b", "") == Errors(2, deletions=2)

    def test_words_where_none_should_be_are_insertions(self) -> None:
        assert word_errors("", "a b") == Errors(0, insertions=2)

    def test_pooling_weighs_by_words(self) -> None:
        assert pooled([Errors(1, 1), Errors(9)]).percent == pytest.approx(10.0)


class TestSummary:
    def test_percentiles_interpolate(self) -> None:
        found = summary([0.0, 1.0, 2.0, 3.0])

        assert found is not None
        assert (found.count, found.p50, found.worst) == (4, 1.5, 3.0)
        assert found.p90 == pytest.approx(2.7)
        assert found.p95 == pytest.approx(2.85)

    def test_spread_holds_the_percentile(self) -> None:
        found = summary([float(index % 20) for index in range(200)])

        assert found is not None
        assert found.p50_95[0] < found.p50 < found.p50_95[1] < found.p50 + 3.0
        assert found.p95_95[0] <= found.p95 <= found.p95_95[1]

    def test_measurements_of_one_recording_are_drawn_together(self) -> None:
        values = [float(index // 20) for index in range(200)]
        alone = summary(values)
        together = summary(values, [str(index // 20) for index in range(200)])

        assert alone is not None
        assert together is not None
        assert together.p50 == alone.p50
        assert together.p50_95[1] - together.p50_95[0] > alone.p50_95[1] - alone.p50_95[0]

    def test_one_recording_alone_still_has_a_spread(self) -> None:
        found = summary([float(index) for index in range(50)], ["x"] * 50)

        assert found is not None
        assert found.p50_95[1] > found.p50_95[0]

    def test_json_has_every_figure(self) -> None:
        found = summary([1.0, 1.0])

        assert found is not None
        assert found.as_dict()["p50_95"] == [1.0, 1.0]

    def test_of_nothing_is_none(self) -> None:
        assert summary([]) is None


class TestBootstrap:
    def test_interval_holds_the_rate(self) -> None:
        errors = [Errors(10, index % 3) for index in range(60)]

        low, high = bootstrap_wer(errors)

        assert low < pooled(errors).percent < high
        assert high - low < 6.0

    def test_equal_readings_differ_by_nothing(self) -> None:
        errors = [Errors(10, index % 3) for index in range(20)]

        assert bootstrap_difference(errors, errors) == (0.0, 0.0)

    def test_pairing_narrows_the_difference(self) -> None:
        ones = [Errors(10, 1 + index % 5) for index in range(40)]
        others = [Errors(10, index % 5) for index in range(40)]

        assert bootstrap_difference(ones, others) == (10.0, 10.0)


class TestTables:
    def test_columns_are_aligned(self) -> None:
        assert tables.table(("name", "n"), [("a", "1"), ("long name", "22")]).split("\n") == [
            "name        n",
            "---------  --",
            "a           1",
            "long name  22",
        ]

    def test_missing_latency_has_dashes(self) -> None:
        assert tables.milliseconds("x", None) == ["x", "0", "-", "-", "-", "-", "-", "-"]

    def test_latency_in_milliseconds(self) -> None:
        row = tables.milliseconds("x", summary([0.1]), "y")

        assert row == ["x", "1", "100", "[100, 100]", "100", "100", "[100, 100]", "100", "y"]
