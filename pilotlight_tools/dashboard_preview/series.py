"""The figures of a graph: each metric counted from simulated afternoons, and the expressions over them."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from pilotlight import metrics
from pilotlight_tools.dashboard_preview.history import PERIOD_SECONDS, PERIODS, History, Invocation, simulate

Values = list[float | None]
"""A value for each period, None where CloudWatch has none."""

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def shown(properties: Mapping[str, Any], functions: Sequence[str]) -> list[tuple[str, Values, str | None]]:
    """Label, values and colour of each line that a graph or a query shows, of a service with these functions."""
    if "query" in properties:
        function = re.match(r"SOURCE '[^']*/([^'/]+)'", properties["query"])
        inits = _by_period(_cold(_history(function[1] if function else "")))
        found = {"p50": _each(inits, lambda some: 1000 * _percentile([each.init_seconds for each in some], 50)),
                 "longest": _each(inits, lambda some: 1000 * max(each.init_seconds for each in some))}  # fmt: skip
        return [(name, found[name], None) for name in re.findall(r" as (\w+)", properties["query"])]
    by_id = {
        metric[-1]["id"]: metric_values(metric, properties["stat"], functions)
        for metric in properties["metrics"]
        if isinstance(metric[0], str) and "id" in metric[-1]
    }
    lines = []
    for metric in properties["metrics"]:
        *_, options = metric
        if not options.get("visible", True):
            continue
        is_expression = isinstance(metric[0], dict)
        values = (
            expression_values(options["expression"], by_id)
            if is_expression
            else metric_values(metric, properties["stat"], functions)
        )
        lines.append((options["label"], values, options.get("color")))
    return lines


def metric_values(metric: Sequence[Any], default_stat: str, functions: Sequence[str]) -> Values:
    """The values of one metric of a graph, by its namespace, name, dimensions and statistic."""
    namespace, name, *dimensions, options = metric
    of = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
    stat = options.get("stat", default_stat)
    if namespace == "AWS/ApiGateway":
        return _of_requests(_merged(functions), name, stat)
    if namespace == "AWS/X-Ray":
        group = str(of["GroupName"]).rpartition("-")[2]
        traced = [each for each in _merged(functions) if each.is_traced and (group != "cold" or each.is_cold)]
        return _counts(traced)
    if namespace == "AWS/Lambda":
        return _of_lambda(_history(of["FunctionName"]), name)
    return _of_pilotlight(_history(of["Function"]), name)


def expression_values(expression: str, by_id: Mapping[str, Values]) -> Values:
    """Evaluate metric math: numbers, ids, FILL(id, value) and the four operators. A period without a value has none."""
    tree = ast.parse(expression, mode="eval").body
    return [_evaluate(tree, {name: values[index] for name, values in by_id.items()}) for index in range(PERIODS)]


def _evaluate(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[inner, filling]):
            found = _evaluate(inner, values)
            return _evaluate(filling, values) if found is None else found
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATORS:
            one, other = _evaluate(left, values), _evaluate(right, values)
            if one is None or other is None or (isinstance(operation, ast.Div) and other == 0):
                return None
            return _OPERATORS[type(operation)](one, other)
    raise ValueError(f"not understood here: {ast.unparse(node)}")


@cache
def _history(function: str) -> History:
    return simulate(function)


def _merged(functions: Sequence[str]) -> list[Invocation]:
    return [request for function in functions for request in _history(function).requests]


def _cold(history: History) -> list[Invocation]:
    return [request for request in history.requests if request.is_cold]


def _of_requests(requests: Sequence[Invocation], name: str, stat: str) -> Values:
    if name in {"Latency", "IntegrationLatency"}:
        extra = 1 if name == "Latency" else 0
        times = [
            [1000 * (each.function_seconds + extra * each.gateway_seconds) for each in some]
            for some in _by_period(requests)
        ]
        return [_percentile(some, float(stat.removeprefix("p"))) if some else None for some in times]
    first = {"4": 4, "5": 5}.get(name[0])
    counted = [each for each in requests if first is None or each.status // 100 == first]
    return [0.0 if value is None else value for value in _counts(counted)]


def _of_lambda(history: History, name: str) -> Values:
    if name == "ConcurrentExecutions":
        return most_at_once([*history.requests, *history.pings])
    throttled: Values = [float(tick.throttled) for tick in history.ticks]
    return throttled if name == "Throttles" else [0.0] * PERIODS


def _of_pilotlight(history: History, name: str) -> Values:
    if name in metrics.START_METRICS.values():
        return _counts(_cold(history)) if name == metrics.START_METRICS["cold"] else [None] * PERIODS
    if name == metrics.COVERAGE:
        return [100.0 * tick.unique / tick.requested for tick in history.ticks]
    if name == metrics.INCOMPLETE_TICK:
        return [float(tick.unique < tick.requested) for tick in history.ticks]
    key = metrics.TICK_METRICS[name]
    return [float(getattr(tick, key, 0)) for tick in history.ticks]


def most_at_once(invocations: Iterable[Invocation]) -> Values:
    """The most invocations that ran at the same time, in each period."""
    changes = sorted(change for each in invocations for change in ((each.at, 1), (each.end, -1)))
    most: list[float] = [0.0] * PERIODS
    running = 0
    for at, change in changes:
        running += change
        period = min(PERIODS - 1, int(at // PERIOD_SECONDS))
        most[period] = max(most[period], running)
    return list(most)


def _by_period(invocations: Iterable[Invocation]) -> list[list[Invocation]]:
    found: list[list[Invocation]] = [[] for _ in range(PERIODS)]
    for each in invocations:
        found[int(each.at // PERIOD_SECONDS)].append(each)
    return found


def _each(periods: Iterable[list[Invocation]], measure: Callable[[list[Invocation]], float]) -> Values:
    return [measure(some) if some else None for some in periods]


def _counts(invocations: Iterable[Invocation]) -> Values:
    return _each(_by_period(invocations), lambda some: float(len(some)))


def _percentile(values: Sequence[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
