"""Arithmetic on user text: our own evaluator of a whitelisted grammar, so that an expression can never reach Python.

The language is numexpr's, scalar: ``+ - * / ** %``, comparisons, ``& | ~``, ``where(condition, a, b)`` and the
functions below. Beyond numexpr it offers ``//``, ``pi``, ``e``, ``min``, ``max`` and ``clip(x, low, high)``. ``/`` is
true division, ``%`` takes the sign of the dividend (as C and numexpr do) and ``where`` evaluates only the branch that
it takes. Arithmetic is IEEE 754's, as numexpr's is: what is undefined is NaN on the way and ``1/0`` is infinite, so
that ``exp(-1/t)`` is 0 at frame 0.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

MAX_LENGTH = 500
"""Characters of one expression; the longest in public settings files have about 120."""
MAX_NODES = 200
"""Syntax nodes of one expression: bounds the time of one evaluation."""
MAX_DEPTH = 30
MAX_EXPONENT = 10_000.0

Scope = Mapping[str, float]
Node = Callable[[Scope], float]


class ExpressionError(ValueError):
    """An expression that is not in the language, or has no finite value. The message is for the user."""


class Undefined(float):
    """NaN or an infinity that knows where it comes from."""

    reason: str

    def __new__(cls, value: float, reason: str) -> Undefined:
        self = super().__new__(cls, value)
        self.reason = reason
        return self


class Expression:
    """A compiled expression. ``Expression("2*t", names=("t",))({"t": 3})`` is 6.0.

    ``names`` are the variables it may use. Raises ExpressionError when the text is not in the language, and when
    called, if there is no finite value. ``cost`` is the number of its syntax nodes.
    """

    def __init__(self, text: str, names: tuple[str, ...] = ()) -> None:
        self.text = text
        self._node, self.cost = _compile(text, names)

    def __call__(self, scope: Scope) -> float:
        value = self.value(scope)
        if not math.isfinite(value):
            raise ExpressionError(reason_of(value))
        return value

    def value(self, scope: Scope) -> float:
        """As calling it, but what has no finite value is NaN or an infinity, for which ``reason_of`` has words."""
        try:
            value = self._node(scope)
            return value if isinstance(value, float) else float(value)
        except OverflowError:
            return Undefined(math.inf, "the result is too large")
        except ValueError as error:
            if isinstance(error, ExpressionError):
                raise
            return Undefined(math.nan, "the result is not a finite number")


def reason_of(value: float) -> str:
    """Why a value is not finite."""
    return value.reason if isinstance(value, Undefined) else "the result is not a finite number"


def _divide(a: float, b: float) -> float:
    return a / b if b else _by_zero(a, b)


def _floor_divide(a: float, b: float) -> float:
    return float(a // b) if b else _by_zero(a, b)


def _by_zero(a: float, b: float) -> float:
    value = math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return Undefined(value, "division by zero")


def _modulo(a: float, b: float) -> float:
    if b == 0:
        return Undefined(math.nan, "division by zero")
    return math.fmod(a, b) if math.isfinite(a) else math.nan


def _whole_modulo(a: float, b: float) -> float:
    """Of whole numbers, for which numexpr has integers: the remainder of a division by zero is 0."""
    return _modulo(a, b) if b else 0.0


def _power(a: float, b: float) -> float:
    if a == 0 and b < 0:
        return Undefined(math.inf, "division by zero")
    try:
        return math.pow(a, b)
    except OverflowError:
        reason = f"an exponent beyond {MAX_EXPONENT:.0f}" if abs(b) > MAX_EXPONENT else "the result is too large"
        return Undefined(-math.inf if a < 0 and b % 2 == 1 else math.inf, reason)
    except ValueError:
        return Undefined(math.nan, "a fractional power of a negative number")


def _bits(value: float) -> int:
    if isinstance(value, bool):
        return value
    if not math.isfinite(value) or value != int(value):
        raise ExpressionError("&, |, ^ and ~ need comparisons or whole numbers")
    return int(value)


def _invert(value: float) -> float:
    bits = _bits(value)
    return (not bits) if isinstance(bits, bool) else ~bits


_POLES = {"log": 0, "log10": 0, "log1p": -1}
"""Where a function goes to minus infinity."""


def _checked(name: str, function: Callable[..., float]) -> Callable[..., float]:
    def call(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            value = -math.inf if arguments[0] == _POLES.get(name) else math.nan
            return Undefined(value, f"{name}({', '.join(f'{a:g}' for a in arguments)}) is undefined")
        except OverflowError:
            return Undefined(math.inf, "the result is too large")

    return call


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """A rounding that leaves infinities and NaN what they are."""
    return lambda x: float(function(x)) if math.isfinite(x) else x


CONSTANTS = {"pi": math.pi, "e": math.e}

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divide,
    ast.FloorDiv: _floor_divide,
    ast.Mod: _modulo,
    ast.Pow: _power,
    ast.BitAnd: lambda a, b: _bits(a) & _bits(b),
    ast.BitOr: lambda a, b: _bits(a) | _bits(b),
    ast.BitXor: lambda a, b: _bits(a) ^ _bits(b),
}
_UNARY: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: _invert,
}
_COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
}
_OF_ONE: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "arctanh": math.atanh,
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log10": math.log10,
    "log1p": math.log1p,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "trunc": _whole(math.trunc),
    "round": _whole(round),
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
}
_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    **{name: (1, _checked(name, function)) for name, function in _OF_ONE.items()},
    "arctan2": (2, math.atan2),
    "fmod": (2, _modulo),
    "clip": (3, lambda x, low, high: max(low, min(x, high))),
}
_VARIADIC: dict[str, Callable[..., float]] = {"min": min, "max": max}

# Checked before Python's parser sees the text: no quotes, attributes, subscripts, backslashes or keywords can be
# spelled.
_ALPHABET = re.compile(r"[0-9A-Za-z_+\-*/%<>=!&|^~().,\s]*")


@lru_cache(maxsize=4096)
def _compile(text: str, names: tuple[str, ...]) -> tuple[Node, int]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    if not text.strip():
        raise ExpressionError("empty")
    if not text.isascii() or not _ALPHABET.fullmatch(text):
        raise ExpressionError(f"not an expression: {_shown(text)}")
    try:
        # Parentheses let an expression span lines, as in hand-edited settings files.
        tree = ast.parse(f"({text.strip()}\n)", mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"not an expression: {_shown(text)}") from None
    cost = sum(1 for _ in ast.walk(tree))
    if cost > MAX_NODES:
        raise ExpressionError(f"more than {MAX_NODES} terms")
    return _build(tree.body, names, MAX_DEPTH), cost


def _shown(text: str) -> str:
    return repr(text.strip()[:40])


def _build(node: ast.expr, names: tuple[str, ...], depth: int) -> Node:  # noqa: C901 - a table: one case a kind of node
    if depth == 0:
        raise ExpressionError(f"nested deeper than {MAX_DEPTH} levels")

    def build(child: ast.expr) -> Node:
        return _build(child, names, depth - 1)

    match node:
        case ast.Constant(value=bool() | complex()):
            pass
        case ast.Constant(value=int() | float() as number):
            return _constant(number)
        case ast.Name(id=name) if name in names:
            return operator.itemgetter(name)
        case ast.Name(id=name) if name in CONSTANTS:
            return _constant(CONSTANTS[name])
        case ast.Name(id=name):
            raise ExpressionError(f"unknown name {name!r}; known are {', '.join((*names, *CONSTANTS))}")
        case ast.BinOp(op=op) if type(op) in _BINARY:
            binary, left, right = _BINARY[type(op)], build(node.left), build(node.right)
            if isinstance(op, ast.Mod) and _is_whole(node, names):
                binary = _whole_modulo
            return lambda scope: binary(left(scope), right(scope))
        case ast.UnaryOp(op=op) if type(op) in _UNARY:
            unary, operand = _UNARY[type(op)], build(node.operand)
            return lambda scope: unary(operand(scope))
        case ast.Compare(ops=[op]):
            compare, first, second = _COMPARE.get(type(op)), build(node.left), build(node.comparators[0])
            if compare:
                return lambda scope: compare(first(scope), second(scope))
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call(name, [build(argument) for argument in node.args])
    raise ExpressionError(f"not allowed in an expression: {_shown(ast.unparse(node))}")


def _is_whole(node: ast.expr, names: tuple[str, ...]) -> bool:
    """Whether numexpr would reckon with integers: all variables are whole numbers."""
    match node:
        case ast.Constant(value=int()):
            return True
        case ast.Name(id=name):
            return name in names
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            return _is_whole(operand, names)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Mod(), right=right):
            return _is_whole(left, names) and _is_whole(right, names)
    return False


def _constant(number: float) -> Node:
    try:
        value = float(number)
    except OverflowError:
        raise ExpressionError("a number that is too large") from None
    return lambda scope: value


def _call(name: str, arguments: list[Node]) -> Node:
    if name == "where":
        _expect(name, 3, arguments)
        condition, chosen, otherwise = arguments
        return lambda scope: chosen(scope) if condition(scope) else otherwise(scope)
    if name in _VARIADIC and len(arguments) >= 2:
        fold = _VARIADIC[name]
        return lambda scope: fold(argument(scope) for argument in arguments)
    if name in _VARIADIC:
        raise ExpressionError(f"{name} takes at least 2 arguments")
    if name not in _FUNCTIONS:
        raise ExpressionError(f"unknown function {name!r}")
    count, function = _FUNCTIONS[name]
    _expect(name, count, arguments)
    return lambda scope: function(*(argument(scope) for argument in arguments))


def _expect(name: str, count: int, arguments: list[Node]) -> None:
    if len(arguments) != count:
        raise ExpressionError(f"{name} takes {count} argument{'s' * (count > 1)}, not {len(arguments)}")
