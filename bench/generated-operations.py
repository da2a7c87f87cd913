"""Prints operations that a GraphQL schema allows, one a line as JSON: generated-operations.py SCHEMA COUNT SEED"""

import json
import sys
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

texts = st.text(max_size=30).map(nodes.String)
scalars = {
    "DateTime": st.datetimes().map(lambda time: nodes.String(time.isoformat() + "Z")) | texts,
    "SafeInt": st.integers(-(2**60), 2**60).map(nodes.Int),
    "JSON": texts | st.just(nodes.Object([])),
    "File": texts,
}


def main() -> None:
    file, count, first = sys.argv[1:]
    schema: GraphQLSchema = build_schema(Path(file).read_text(encoding="utf-8"))
    operations: Any = from_schema(schema, custom_scalars=scalars)

    @seed(int(first))
    @settings(
        max_examples=int(count),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operations)
    def tell(operation: str) -> None:
        print(json.dumps({"query": operation}))

    tell()


if __name__ == "__main__":
    main()
