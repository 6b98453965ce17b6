"""Answers every row that waits: `answer_rows.py FOLDER ANNOTATOR PER_ROW`; each acknowledged answer is a line."""

import sys

from trivium.store.store import connect
from trivium.tables.labels import Labels
from trivium.tables.table import Table

folder, annotator, per_row = sys.argv[1], sys.argv[2], int(sys.argv[3])
flights = Table("flights", key="flight", watch="off")
labels = Labels("causes", of=flights, question="Why late?", options=["weather", "carrier"], per_row=per_row)
with connect(folder, actor=annotator, durability="full"):
    queue = labels.queue(annotator)
    while (asked := queue.take()) is not None:
        queue.answer(asked.row, "weather" if annotator == "ada" else "carrier")
        print(asked.row, flush=True)
