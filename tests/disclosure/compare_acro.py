"""Holds tables of tidegate-disclosure against PyPI's acro and attacks them with scipy's linear programs.

Usage: compare_acro.py TABLES.json HOW_MANY_TO_ATTACK

The file holds made-up populations (one record per unit), the primary masks that Tidegate decided, the cells it shows
and the intervals that must stay possible. Prints figures as JSON; fails where a mask differs or an attack succeeds.
"""

import json
import logging
import sys
from importlib.metadata import version

logging.disable(logging.CRITICAL)

import acro  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from scipy.optimize import linprog  # noqa: E402

CHECKS = {"Threshold": "MinimumThresholdCheck", "Dominance": "NKCheck", "PPercent": "PPercentCheck"}
ALL = "All"


def acro_masks(session, table):
    """The cells that acro marks, by check, as indices row by row with margins."""
    # pandas drops keys that nobody has from margins unless they are categories.
    rows = pd.Series(pd.Categorical([unit[0] for unit in table["units"]], range(table["height"])), name="row")
    columns = pd.Series(pd.Categorical([unit[1] for unit in table["units"]], range(table["width"])), name="column")
    values = pd.Series([unit[2] for unit in table["units"]], name="value", dtype="int64")
    if table["measure"] == "count":
        session.crosstab(rows, columns, margins=True, margins_name=ALL)
    else:
        session.crosstab(rows, columns, values=values, aggfunc="sum", margins=True, margins_name=ALL)
    output = session.results.results[f"output_{session.results.output_id - 1}"]
    stride = table["width"] + 1
    shape = output.outcome.shape
    assert shape == (table["height"] + 1, stride), (shape, table["height"], table["width"])
    cells = output.sdc["cells"]
    return {ours: sorted(row * stride + column for row, column in cells.get(theirs, [])) for ours, theirs in CHECKS.items()}


def bounds_of(table, hidden):
    """What an attacker knows of each cell before solving."""
    known = []
    for index, value in enumerate(table["values"]):
        low, high = table["public"][index]
        known.append((low, high) if index in hidden else (value, value))
    return known


def attack(table, hidden):
    """The required intervals that linear programs break, given the cells that are not hidden."""
    height, stride = table["height"] + 1, table["width"] + 1
    equations = np.zeros((height + stride, height * stride))
    for row in range(height):
        for column in range(stride):
            equations[row, row * stride + column] = -1 if column == stride - 1 else 1
            equations[height + column, row * stride + column] = -1 if row == height - 1 else 1
    known = bounds_of(table, hidden)
    broken = []
    for index, lower, upper in table["required"]:
        objective = np.zeros(height * stride)
        objective[index] = 1
        ends = []
        for sign in (1, -1):
            solved = linprog(sign * objective, A_eq=equations, b_eq=np.zeros(height + stride), bounds=known, method="highs")
            # Status 3: unbounded, so the attacker learns nothing on this side.
            assert solved.status in (0, 3), solved.message
            ends.append(solved.x[index] if solved.status == 0 else -sign * np.inf)
        if ends[0] > lower + 1e-4 or ends[1] < upper - 1e-4:
            broken.append(index)
    return broken


def main():
    with open(sys.argv[1], encoding="utf-8") as handle:
        tables = json.load(handle)
    session = acro.ACRO(suppress=False)
    figures = {"acro": version("acro"), "tables": 0, "cells": 0, "marked": dict.fromkeys(CHECKS, 0), "mask_differs": 0}
    figures.update(attacked=0, required=0, broken=0, tables_broken_without_secondary=0)
    for number, table in enumerate(tables):
        figures["tables"] += 1
        figures["cells"] += len(table["values"])
        theirs = acro_masks(session, table)
        for check in CHECKS:
            ours = sorted(table["primary"][check])
            figures["marked"][check] += len(ours)
            if ours != theirs[check]:
                figures["mask_differs"] += 1
                print(f"table {number}, {check}: ours {ours}, acro {theirs[check]}", file=sys.stderr)
        if number < int(sys.argv[2]):
            figures["attacked"] += 1
            figures["required"] += len(table["required"])
            broken = attack(table, set(table["hidden"]))
            figures["broken"] += len(broken)
            if broken:
                print(f"table {number}: cells {broken} can be bounded too closely", file=sys.stderr)
            primary = {index for index, _, _ in table["required"]}
            figures["tables_broken_without_secondary"] += bool(attack(table, primary))
    print(json.dumps(figures))
    return int(figures["mask_differs"] > 0 or figures["broken"] > 0)


if __name__ == "__main__":
    sys.exit(main())
