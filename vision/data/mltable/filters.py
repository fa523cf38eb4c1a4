"""The expressions of an MLTable's `filter`: `col("temperature") > 32 and col("location") == "UK"`.

They look like Python and are parsed as such, never run: every kind of node has its function here, any
other is refused.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any

from vision.data.mltable.table import InvalidStepError

Row = dict[str, Any]
Value = Callable[[Row], Any]

_MAX_LENGTH = 2_000
_MAX_DEPTH = 40
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_TESTS: dict[str, Callable[[Any, str], bool]] = {
    "startswith": lambda value, text: isinstance(value, str) and value.startswith(text),
    "endswith": lambda value, text: isinstance(value, str) and value.endswith(text),
    "contains": lambda value, text: isinstance(value, (str, list)) and text in value,
}
_TESTS |= {"starts_with": _TESTS["startswith"], "ends_with": _TESTS["endswith"]}
KNOWN = (
    'col("name"), text, numbers, true and false, == != < <= > >=, in, and, or, not, .startswith("…"), .endswith("…"), '
    '.contains("…"), .is_null(), datetime(year, month, day)'
)


def compile_filter(expression: str) -> Callable[[Row], bool]:
    """An expression as a test of one row. Values that cannot be compared do not fit.

    Raises:
        InvalidStepError: not an expression, or one with anything in it that is not in `KNOWN`.
    """
    if len(expression) > _MAX_LENGTH:
        raise InvalidStepError(f"The filter is longer than {_MAX_LENGTH:,} characters.")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidStepError(f"The filter {expression!r} is not an expression. Known are: {KNOWN}.") from None
    test = _Compiler(expression).compile(tree.body)
    return lambda row: bool(test(row))


class _Compiler:
    """Nodes of one expression into functions of a row."""

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._depth = 0
        self._kinds: dict[type[ast.expr], Callable[[Any], Value]] = {
            ast.BoolOp: self._join,
            ast.UnaryOp: self._negate,
            ast.Compare: self._compare,
            ast.Call: self._call,
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.List: self._list,
            ast.Tuple: self._list,
        }

    def compile(self, node: ast.expr) -> Value:
        kind = self._kinds.get(type(node))
        self._depth += 1
        if kind is None or self._depth > _MAX_DEPTH:
            raise self._refuse(node)
        value = kind(node)
        self._depth -= 1
        return value

    def _join(self, node: ast.BoolOp) -> Value:
        parts = [self.compile(part) for part in node.values]
        if isinstance(node.op, ast.And):
            return lambda row: all(part(row) for part in parts)
        return lambda row: any(part(row) for part in parts)

    def _negate(self, node: ast.UnaryOp) -> Value:
        value = self.compile(node.operand)
        if isinstance(node.op, ast.Not):
            return lambda row: not value(row)
        number = node.operand.value if isinstance(node.operand, ast.Constant) else None
        if isinstance(node.op, ast.USub) and isinstance(number, (int, float)):
            return lambda row: -number
        raise self._refuse(node)

    def _compare(self, node: ast.Compare) -> Value:
        values = [self.compile(value) for value in (node.left, *node.comparators)]
        if any(type(op) not in _COMPARISONS for op in node.ops):
            raise self._refuse(node)
        steps = [
            (_COMPARISONS[type(op)], left, right) for op, left, right in zip(node.ops, values, values[1:], strict=False)
        ]
        return lambda row: all(_compare(test, left(row), right(row)) for test, left, right in steps)

    def _call(self, node: ast.Call) -> Value:
        texts = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
        function = node.func
        if isinstance(function, ast.Name) and not node.keywords:
            if function.id == "col" and len(texts) == 1 and isinstance(texts[0], str):
                return _read_column(texts[0])
            if function.id == "datetime":
                return self._moment(node, texts)
        if isinstance(function, ast.Attribute) and not node.keywords:
            return self._test(node, function, texts)
        raise self._refuse(node)

    def _moment(self, node: ast.Call, numbers: list[Any]) -> Value:
        try:
            moment = datetime(*numbers)
        except (TypeError, ValueError, OverflowError):
            raise self._refuse(node) from None
        return lambda row: moment

    def _test(self, node: ast.Call, function: ast.Attribute, texts: list[Any]) -> Value:
        value = self.compile(function.value)
        if function.attr == "is_null" and not texts:
            return lambda row: value(row) is None
        test = _TESTS.get(function.attr)
        if test is None or len(texts) != 1 or not isinstance(texts[0], str):
            raise self._refuse(node)
        return lambda row: test(value(row), texts[0])

    def _name(self, node: ast.Name) -> Value:
        literals = {"true": True, "false": False, "null": None}
        if node.id in literals:
            return lambda row: literals[node.id]
        return _read_column(node.id)

    def _constant(self, node: ast.Constant) -> Value:
        if node.value is not None and not isinstance(node.value, (str, int, float)):
            raise self._refuse(node)
        return lambda row: node.value

    def _list(self, node: ast.List | ast.Tuple) -> Value:
        values = [self.compile(value) for value in node.elts]
        return lambda row: [value(row) for value in values]

    def _refuse(self, node: ast.expr) -> InvalidStepError:
        part = ast.get_source_segment(self._expression.strip(), node) or "it"
        return InvalidStepError(f"The filter {self._expression!r} is not understood at {part!r}. Known are: {KNOWN}.")


def _read_column(name: str) -> Value:
    return lambda row: row.get(name)


def _compare(test: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    if isinstance(right, datetime) and isinstance(left, str):
        left = _read_moment(left)
    try:
        return bool(test(left, right))
    except TypeError:
        return False


def _read_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
