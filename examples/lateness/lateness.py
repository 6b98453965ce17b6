"""Will this flight land more than 15 minutes late? A whole ML system in one file."""

import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import trivium as tv

# --- Tables. Checks are constraints; beyond them every column is watched, with nothing to configure. ---
flights = tv.Table(
    "flights",
    key="flight_id",
    time="scheduled_at",
    owner="ada",
    description="Every departure from New York: what was planned, and afterwards what happened.",
    checks=[
        tv.rule("distance > 0"),
        tv.rule("arr_delay IS NULL OR arr_delay BETWEEN -180 AND 2000"),
        tv.rule("cancelled OR tail_number IS NOT NULL"),
        tv.coverage("dest", at_least=1.0),
        tv.unique("flight_id"),
    ],
)
weather = tv.Table(
    "weather",
    key="origin",
    time="observed_at",
    owner="grace",
    description="Hourly observations at the three airports.",
    checks=[tv.one_of("origin", ["EWR", "JFK", "LGA"]), tv.between("humid", 0, 100)],
)
planes = tv.Table(
    "planes",
    key="tail_number",
    owner="grace",
    description="Every plane: when built, how many seats.",
    checks=[tv.unique("tail_number"), tv.rule("seats > 0")],
)

# --- What is known before departure, and what the model derives from it. ---
WORDS = ["carrier", "origin", "dest"]
WEATHER = ["temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
INPUTS = ["scheduled_at", *WORDS, "distance", *WEATHER, "seats", "built"]
DERIVED = {
    "minute_of_day": "EXTRACT(hour FROM scheduled_at) * 60 + EXTRACT(minute FROM scheduled_at)",
    "weekday": "EXTRACT(isodow FROM scheduled_at)",
}
NUMBERS = ["distance", *WEATHER, "seats", "built", *DERIVED]


@tv.task
def features(flights: pl.LazyFrame, weather: pl.LazyFrame, planes: pl.LazyFrame) -> pl.LazyFrame:
    """Flights that flew, with the newest weather before departure and the plane; never a value from the future."""
    flown = flights.filter(pl.col("arr_delay").is_not_null()).with_columns(late=pl.col("arr_delay") > 15)
    observed = weather.select("origin", "observed_at", *WEATHER)
    joined = tv.as_of(flown, observed, on="scheduled_at", by="origin", time="observed_at")
    seats = planes.select("tail_number", "seats", "built")
    with_plane = joined.join(seats, on="tail_number", how="left", maintain_order="left")  # the same order every time
    return with_plane.select("flight_id", *INPUTS, "late")


@tv.task(cpus=2, retries=1)
def train(rows: pl.DataFrame, depth: int, learning_rate: float) -> tv.Model:
    """Boosted trees. The model carries what it derives, so that serving cannot differ from training."""
    inputs = rows.select(INPUTS)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    columns = ColumnTransformer([("words", encoder, WORDS), ("numbers", "passthrough", NUMBERS)])
    trees = HistGradientBoostingClassifier(
        max_depth=depth, learning_rate=learning_rate, max_iter=80, categorical_features=[0, 1], random_state=7
    )
    estimator = make_pipeline(columns, trees).fit(tv.prepare(inputs, DERIVED), rows["late"])
    return tv.Model(estimator, inputs, prepare=DERIVED)


GATE = [
    tv.metric("auc", at_least=0.65),
    tv.metric("auc", at_least=0.60, by="origin"),
]


@tv.pipeline
def lateness(depth: int = 6, learning_rate: float = 0.1) -> tv.ModelVersion:
    rows = features(flights, weather, planes)
    past, latest = tv.split(rows, latest="30d")  # the newest days are the exam
    model = train(past, depth, learning_rate)
    report = tv.evaluate(model, latest, target="late", slices=["origin", "carrier"], against=past)
    return tv.register("lateness", model, report, gate=GATE, description="Will a flight land over 15 minutes late?")


# --- Retrain on new data; never on data with an open blocking alert. ---
tv.on(flights.committed).every("15d").run(lateness)

# --- The model behind a door. What a request lacks is looked up by key, as of its own time. ---
lateness_live = tv.Endpoint(
    "lateness",
    key="flight_id",
    time="scheduled_at",
    lookups=[weather, planes],
    labels=(flights, "CASE WHEN arr_delay IS NOT NULL THEN arr_delay > 15 END"),
    checks=[
        tv.metric("auc", at_least=0.55, window="7d", by="origin"),
        tv.latency(p99="1s", window="7d"),
    ],
    owner="ada",
)
