"""Items that several data sets describe get one verdict, from the parts that they have."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import pynomaly
from pynomaly.domain.errors import DataError, UsageError

TEXT = "please Deliver to the door at 9 in the morning, thank you very much; see you soon"


def orders(n, seed, odd=0):
    """Amounts and notes of orders; the first `odd` have a strange amount, the next a strange note.

    Every fifth order has no note.
    """
    rng = np.random.default_rng(seed)
    names = [f"o{seed}-{i}" for i in range(n)]
    amounts = rng.normal(50, 10, n)
    weights = rng.normal(size=n)
    amounts[:odd], weights[:odd] = 500.0, 50.0
    notes = [" ".join(rng.choice(TEXT.split(), rng.integers(6, 10))) for _ in range(n)]
    notes[odd : 2 * odd] = ["WIN!!! $$$ CALL 0900-1234567 NOW!!! $$$ 100% FREE $$$"] * odd
    has_note = [i for i in range(n) if i % 5 or i < 2 * odd]
    return (
        pl.DataFrame({"order": names, "amount": amounts, "weight": weights}),
        pl.DataFrame({"order": names, "note": notes})[has_note],
    )


def items(n, seed, odd=0, **more):
    amounts, notes = orders(n, seed, odd)
    return pynomaly.Items(
        "order",
        {
            "amounts": {"data": amounts, "detector": "fast.ecod"},
            "notes": {"data": notes, "text": "note", "detector": "fast.ecod"} | more,
        },
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Orders in files, described by `before.toml` and `now.toml`."""
    monkeypatch.chdir(tmp_path)
    for name, (n, seed, odd) in {"before": (600, 1, 0), "now": (200, 2, 3)}.items():
        amounts, notes = orders(n, seed, odd)
        amounts.write_csv(f"{name}-amounts.csv")
        notes.write_parquet(f"{name}-notes.parquet")
        (tmp_path / f"{name}.toml").write_text(
            f"""
            id = "order"
            [parts.amounts]
            data = "{name}-amounts.csv"
            detector = "fast.ecod"
            [parts.notes]
            data = "{name}-notes.parquet"
            text = "note"
            detector = "fast.ecod"
            """
        )
    return tmp_path


def test_the_part_that_is_strange_drives_the_alarm():
    result = pynomaly.detect(items(200, 2, odd=3), reference=items(3000, 1))
    frame = result.frame
    assert result.is_anomaly[:6].all()
    assert frame["driver"].head(6).to_list() == ["amounts"] * 3 + ["notes"] * 3
    assert result.alarms <= 6 + 6
    assert result.explain(1)[0]["explanation"][0]["column"] in {"p_amounts", "p_notes"}


def test_items_without_a_part_are_judged_by_the_others():
    result = pynomaly.detect(items(200, 2), reference=items(600, 1))
    lacking = result.frame.filter(pl.col("p_notes").is_null())
    assert lacking.height == 40
    assert lacking["driver"].unique().to_list() == ["amounts"]
    assert result.summary["parts"] == {"amounts": 200, "notes": 160}


def test_false_alarms_hold_their_rate():
    model = pynomaly.fit(items(600, 1))
    rates = [np.mean(model.score(items(500, seed)).p_values <= 0.1) for seed in range(2, 8)]
    assert np.mean(rates) == pytest.approx(0.1, abs=0.03)


def test_without_a_reference_items_are_ranked():
    result = pynomaly.detect(items(200, 2, odd=3), top=20)
    assert result.alarms == 20
    assert result.is_anomaly[:6].all()
    assert result.calibration["method"] == "ranks"


def test_a_whole_part_may_be_absent_when_items_are_scored():
    model = pynomaly.fit(items(600, 1))
    given = items(200, 2, odd=3)
    more = {"other": given.parts["amounts"]["data"].rename({"amount": "n"})}
    with pytest.raises(UsageError, match="does not have the part other, but amounts, notes"):
        model.score(pynomaly.Items("order", {**given.parts, **more}))
    three = pynomaly.Items("order", {**items(600, 1).parts, "other": orders(600, 1)[0]})
    result = pynomaly.fit(three).score(given)
    assert result.frame["p_other"].null_count() == 200


def test_items_are_described_by_a_file_as_in_memory(folder):
    there = pynomaly.detect("now.toml", reference="before.toml")
    here = pynomaly.detect(items(200, 2, odd=3), reference=items(600, 1))
    assert there.p_values.tolist() == here.p_values.tolist()


def test_a_saved_model_scores_the_same_on_the_command_line(folder, run_pynomaly):
    done = run_pynomaly("fit", "before.toml", "-o", "m.pynomaly")
    assert "600 items: amounts by fast.ecod, notes by fast.ecod" in done.stdout
    done = run_pynomaly("score", "m.pynomaly", "now.toml", "-o", "out.parquet", "--explain")
    assert done.returncode == 0, done.stderr
    assert "200 items: 200 with amounts, 162 with notes" in done.stdout
    expected = pynomaly.detect("now.toml", reference="before.toml")
    found = pl.read_parquet("out.parquet")
    assert found["p_value"].to_list() == expected.p_values.tolist()
    assert found.columns[:4] == ["order", "p_amounts", "p_notes", "driver"]


def test_the_command_line_tells_what_it_saw(folder, run_pynomaly):
    done = run_pynomaly("detect", "now.toml", "--reference", "before.toml", "--json")
    summary = json.loads(done.stdout)
    assert summary["kind"] == "multimodal"
    assert summary["detector"] == {"amounts": "fast.ecod", "notes": "fast.ecod"}
    assert summary["parts"] == {"amounts": 200, "notes": 162}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["detect", "now.toml", "-d", "fast.knn"], "detector: say this of each part"),
        (["detect", "now.toml", "--text", "note"], "text: say this of each part"),
        (["detect", "now.toml", "--reference", "now-amounts.csv"], "the other does not"),
        (["detect", "now.toml", "--fdr", ".1"], "fdr needs a reference"),
        (["detect", "now.toml", "-o", "now-amounts.csv"], "is the input itself"),
        (["detect", "none.toml"], "none.toml: no such file"),
        (["detect", "now.toml", "--events", "e.csv"], "--events is for series"),
    ],
)
def test_what_makes_no_sense_for_items_is_refused(folder, run_pynomaly, args, words):
    done = run_pynomaly(*args)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id = ", "is no TOML"),
        ('[tool.x]\na = "b"', "items are described by"),
        ('id = "order"\n[parts]\na = "x.csv"', "is a table"),
        ('id = "order"\n[parts.a]\ndata = "now-amounts.csv"', "two parts or more"),
        ('id = "order"\n[parts.a]\ndeta = "x"\n[parts.b]\ndata = "x"', "did you mean data"),
        ('id = "order"\n[parts.a]\ntext = "x"\n[parts.b]\ndata = "x"', "needs data"),
        ('id = "order"\n[parts.a]\ndata = "x.csv"\n[parts.b]\ndata = "x"', "x.csv: no such file"),
        (
            'id = "nr"\n[parts.a]\ndata = "now-amounts.csv"\n[parts.b]\ndata = "now-amounts.csv"',
            "nr",
        ),
    ],
)
def test_a_file_that_does_not_describe_items_is_refused(folder, run_pynomaly, text, words):
    (folder / "odd.toml").write_text(text)
    done = run_pynomaly("detect", "odd.toml")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_parts_without_a_common_item_are_refused():
    amounts, notes = orders(50, 1)
    other = notes.with_columns(order=pl.lit("x") + pl.col("order"))
    with pytest.raises(DataError, match="no item is in more than one part"):
        pynomaly.detect(
            pynomaly.Items("order", {"a": amounts, "b": {"data": other, "text": "note"}})
        )


def test_an_item_with_two_rows_is_named():
    amounts, notes = orders(50, 1)
    twice = pl.concat([notes, notes[:1]])
    with pytest.raises(DataError, match="'o1-1' in more than one row"):
        pynomaly.detect(
            pynomaly.Items("order", {"a": amounts, "b": {"data": twice, "text": "note"}})
        )


def test_a_part_may_call_its_column_of_items_otherwise():
    amounts, notes = orders(300, 1)
    named = {"data": notes.rename({"order": "nr"}), "text": "note", "id": "nr"}
    result = pynomaly.detect(pynomaly.Items("order", {"amounts": amounts, "notes": named}))
    assert result.frame.columns[0] == "order"
    assert result.frame.height == 300


def test_items_are_the_same_by_1_and_by_1_0():
    rng = np.random.default_rng(0)
    one = pl.DataFrame({"id": range(40), "a": rng.normal(size=40)})
    other = pl.DataFrame({"id": np.arange(40.0), "b": rng.normal(size=40)})
    items = pynomaly.Items("id", {"one": {"data": one}, "other": {"data": other}})
    assert len(pynomaly.detect(items).frame) == 40


def test_a_part_is_no_series():
    amounts, notes = orders(50, 1)
    with pytest.raises(UsageError, match="part 'a' is a series"):
        pynomaly.detect(
            pynomaly.Items(
                "order", {"a": {"data": amounts, "detector": "pyod.matrixprofile"}, "b": notes}
            )
        )


def test_items_and_a_part_that_are_called_alike_are_refused_before_any_fit():
    amounts, notes = (frame.rename({"order": "notes"}) for frame in orders(300, 1))
    named = pynomaly.Items("notes", {"amounts": amounts, "notes": notes.rename({"note": "x"})})
    called_so = "'notes' names the items and a part: call one of them otherwise"
    with pytest.raises(UsageError, match=called_so):
        pynomaly.detect(named)
    with pytest.raises(UsageError, match=called_so):
        pynomaly.fit(named)
    model = pynomaly.fit(items(300, 1))
    with pytest.raises(UsageError, match=called_so):
        model.score(pynomaly.Items("notes", {"amounts": amounts}))


def test_one_part_is_enough_to_score_items(folder, run_pynomaly):
    run_pynomaly("fit", "before.toml", "-o", "m.pynomaly")
    text = (folder / "now.toml").read_text()
    (folder / "one.toml").write_text(text[: text.index("[parts.notes]")])
    done = run_pynomaly("score", "m.pynomaly", "one.toml", "-o", "out.parquet")
    assert done.returncode == 0, done.stderr
    found = pl.read_parquet("out.parquet")
    assert (found["p_amounts"].null_count(), found["p_notes"].null_count()) == (0, 200)
    assert found["driver"].unique().to_list() == ["amounts"]
    assert found["is_anomaly"][:3].all()
    (folder / "no.toml").write_text('id = "order"\n[parts]')
    assert "items need a part or more" in run_pynomaly("score", "m.pynomaly", "no.toml").stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--nodes", "x.csv"], "nodes: say this of each part that it is meant for, in now.toml"),
        (["-r", "foo=1"], "read_options: say this of each part"),
        (["--label", "nonsense"], "label is no option for items"),
    ],
)
def test_options_that_items_do_not_take_are_refused_when_they_are_scored(
    folder, run_pynomaly, args, words
):
    run_pynomaly("fit", "before.toml", "-o", "m.pynomaly")
    done = run_pynomaly("score", "m.pynomaly", "now.toml", *args)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_a_model_of_items_takes_no_label_and_no_nodes_in_python():
    model = pynomaly.fit(items(300, 1))
    nodes = orders(9, 1)[0]
    for more in ({"label": "amount"}, {"nodes": nodes}, {"nodes": nodes.to_pandas()}):
        with pytest.raises(UsageError, match=next(iter(more))):
            model.score(items(200, 2), **more)


def test_what_is_no_data_set_is_named_with_its_part(folder, run_pynomaly):
    text = (folder / "now.toml").read_text()
    (folder / "odd.toml").write_text(text.replace('data = "now-amounts.csv"', "data = 5"))
    done = run_pynomaly("detect", "odd.toml")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "odd.toml: part 'amounts': data is 5, not a path or URI" in done.stderr
