"""`trivium tables label`: people's answers to a question about each row of a table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import polars as pl
import typer

from trivium.cli.flags import AsJson
from trivium.cli.label_screen import Screen
from trivium.cli.listing import print_facts, print_heading, print_json, print_line, print_table
from trivium.cli.project import open_project
from trivium.cli.split_view import parse_place
from trivium.errors import Misuse
from trivium.models.label_scores import score_rows
from trivium.pipelines.registry import list_declared
from trivium.store.store import Store
from trivium.tables.agreement import measure_agreement
from trivium.tables.answers import find_consensus
from trivium.tables.label_queue import Asked, Queue
from trivium.tables.labels import Labels, declare_labels, make_label_spec
from trivium.values.labels import LabelSpec


def label_rows(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The table of labels.")],
    *,
    annotator: Annotated[str | None, typer.Option("--annotator", help="Who answers (default: who acts).")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Ask first what this model (NAME or NAME@3) knows least of.")
    ] = None,
    take_next: Annotated[
        bool, typer.Option("--next", help="Print the next row, which is then yours, and end.")
    ] = False,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", help="Answer this row: `--answer ROW=VALUE`; several times.")
    ] = None,
    summary: Annotated[bool, typer.Option("--summary", help="Print progress, agreement and ties, and end.")] = False,
    of: Annotated[str | None, typer.Option("--of", help="The table that is asked about (new labels).")] = None,
    question: Annotated[str | None, typer.Option("--question", help="What is asked (new labels).")] = None,
    option: Annotated[list[str] | None, typer.Option("--option", help="A possible answer (new labels).")] = None,
    per_row: Annotated[int, typer.Option("--per-row", min=1, help="How many people answer a row (new labels).")] = 1,
    order: Annotated[
        str | None, typer.Option("--order", help="random, uncertain or disagreement (new labels).")
    ] = None,
    score: Annotated[list[str] | None, typer.Option("--score", help="A column of probabilities (new labels).")] = None,
    show: Annotated[
        list[str] | None, typer.Option("--show", help="A column to show (new labels; default: all).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Answer the question about one row after the other: a key for each option, s skips, u undoes, q quits.

    Every answer is stored before the next row is shown. Scripts use `--next --json` and `--answer ROW=VALUE`.
    """
    store = open_project(context)
    new = {"of": of, "question": question, "options": option, "order": order, "score": score, "show": show}
    spec = find_question(store, name, {word: value for word, value in new.items() if value}, per_row)
    known = store.catalog.labels.find_spec(name) is not None
    if not known and spec.order == "uncertain" and not (spec.score or model):
        raise Misuse("--order uncertain asks first what a model knows least of: add --score COLUMN or --model NAME.")
    scores = score_rows(store, spec, *parse_place(model)) if model else None
    if not known:
        declare_labels(store, spec)
    queue = Queue(store, spec, annotator or store.actor, scores=scores)
    if summary:
        print_summary(queue, as_json=as_json)
    elif answer or take_next:
        answered = [answer_row(queue, text) for text in answer or ()]
        print_script(queue, answered, queue.take() if take_next else None, take_next=take_next, as_json=as_json)
    else:
        label_in_terminal(queue)


def find_question(store: Store, name: str, new: dict[str, Any], per_row: int) -> LabelSpec:
    """The question of this table: what the words of a new one say, else what is on record or in the project's files."""
    known = store.catalog.labels.find_spec(name)
    if new:
        missing = [f"--{word.removesuffix('s')}" for word in ("of", "question", "options") if word not in new]
        if known is not None or missing:
            why = f"{name!r} has its question already" if known else f"a new question also needs {', '.join(missing)}"
            raise Misuse(f"--of, --question and --option are for new labels: {why}.")
        source = store.catalog.tables.get_spec(new.pop("of"))
        return make_label_spec(name, source, per_row=per_row, **new)
    if known is not None:
        return known
    declared = [each for each in list_declared(store.settings, Labels) if each.name == name]
    return declared[0].asked if declared else store.catalog.labels.get_spec(name)


def answer_row(queue: Queue, text: str) -> dict[str, Any]:
    """The answer "ROW=VALUE" is stored. Raises Misuse when it is none."""
    row, value = parse_answer(text, queue.spec.options)
    commit = queue.answer(row, value)
    return {"row": row, "value": value, "annotator": queue.annotator, "version": commit.version}


def parse_answer(text: str, options: Sequence[str]) -> tuple[str, str]:
    """(row, value) of "ROW=VALUE"; the value is an option, so either may have an equals sign in it."""
    places = [place for place, letter in enumerate(text) if letter == "="]
    for place in places:
        if text[place + 1 :] in options:
            return text[:place], text[place + 1 :]
    if not places:
        raise Misuse(f"{text!r} is no answer; write `--answer ROW=VALUE`.")
    row, _, value = text.rpartition("=")
    return row, value


def print_script(
    queue: Queue, answered: Sequence[dict[str, Any]], asked: Asked | None, *, take_next: bool, as_json: bool
) -> None:
    """What a script wants to know: what was stored, and the next row (null when none waits)."""
    following = asked_row(queue, asked) if asked else None
    if as_json:
        print_json(following if not answered else {"answered": answered, "next": following} if take_next else answered)
        return
    for each in answered:
        print_line(f"{each['row']}: {each['value']}, stored as version {each['version']}.")
    if following is not None:
        print_facts({"row": following["row"], **following["values"]}, as_json=False)
    elif take_next:
        print_line("No row waits for you.")


def asked_row(queue: Queue, asked: Asked) -> dict[str, Any]:
    """A row that is asked about, for a script."""
    return {
        "row": asked.row,
        "values": msgspec.to_builtins(asked.values, str_keys=True, enc_hook=str),
        "question": queue.spec.question,
        "options": queue.spec.options,
        "annotator": queue.annotator,
        "until": asked.claim.until,
    }


def print_summary(queue: Queue, *, as_json: bool) -> None:
    """How far it is, how far people agree, and which rows are tied."""
    answers = queue.answers()
    agreement = measure_agreement(answers, queue.spec.key)
    consensus = find_consensus(answers, queue.spec.key)
    ties = consensus.filter(pl.col("tied").list.len() > 1).select(*queue.spec.key, "tied", "answers")
    facts: dict[str, Any] = {
        **msgspec.structs.asdict(queue.progress()),
        "annotators": agreement.annotators,
        "shared_rows": agreement.rows,
        "agreeing": agreement.share,
        "alpha": agreement.alpha,
        "kappas": agreement.kappas,
        "values": dict(consensus["value"].drop_nulls().value_counts(sort=True, name="rows").rows()),
        "ties": msgspec.to_builtins(ties.to_dicts(), enc_hook=str),
    }
    print_facts(facts, as_json=as_json, leave_out=("ties",))
    if facts["ties"] and not as_json:
        print_heading("ties")
        print_table(facts["ties"], ties.columns)


def label_in_terminal(queue: Queue) -> None:
    """One row after the other, until none waits or the annotator quits."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Misuse("There is no terminal to ask in: use `--next --json` and `--answer ROW=VALUE`, or `--summary`.")
    Screen(queue).run()
