"""The scorer of bench:speakers, on cases whose answer is known."""

import pytest
from engine.tests.speaker_score import NOTHING, Errors, errors, wrong_share

SAID = [(0.0, 4.0, "anna"), (4.0, 8.0, "bert"), (8.0, 10.0, "anna")]


def test_the_same_turns_by_other_names_are_no_error() -> None:
    found = [(0.0, 4.0, 7), (4.0, 8.0, 3), (8.0, 10.0, 7)]
    assert errors(SAID, found, 10) == Errors(0, 0, 0, 1000)
    assert wrong_share(SAID, found, 10) == 0


def test_each_kind_of_error_is_counted_once() -> None:
    assert errors(SAID, SAID[1:], 10) == Errors(400, 0, 0, 1000)
    assert errors(SAID, [*SAID, (0.0, 1.0, "bert")], 10) == Errors(0, 100, 0, 1000)
    late = [(0.0, 5.0, "anna"), (5.0, 8.0, "bert"), (8.0, 10.0, "anna")]
    assert errors(SAID, late, 10) == Errors(0, 0, 100, 1000)
    assert errors(SAID, late, 10).rate == pytest.approx(0.1)
    assert errors(SAID, late, 10, collar=0.25).rate == pytest.approx(0.75 / 8.5)  # 1.5 s are not looked at
    assert wrong_share(SAID, late, 10) == pytest.approx(0.1)


def test_one_name_for_two_people_pairs_with_who_speaks_longer() -> None:
    assert errors(SAID, [(0.0, 10.0, 1)], 10) == Errors(0, 0, 400, 1000)
    both = [(0.0, 4.0, "anna"), (3.0, 5.0, "bert")]
    assert errors(both, [(0.0, 5.0, 1)], 5) == Errors(100, 0, 100, 600)
    assert wrong_share(both, [(0.0, 5.0, 1)], 5) == pytest.approx(0.2)


def test_more_names_than_people_and_fewer() -> None:
    split = [(0.0, 4.0, 1), (4.0, 8.0, 2), (8.0, 10.0, 3)]
    assert errors(SAID, split, 10) == Errors(0, 0, 200, 1000)
    assert errors(SAID, [], 10) == Errors(1000, 0, 0, 1000)
    assert errors([], [], 10) + errors(SAID, SAID, 10) == Errors(0, 0, 0, 1000) == NOTHING + errors(SAID, SAID, 10)


def test_what_no_one_hears_is_no_wrong_speaker() -> None:
    assert wrong_share(SAID, [(0.0, 2.0, 1)], 10) == 0
