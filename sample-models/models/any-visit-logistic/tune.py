#!/usr/bin/env python3
"""How the rounds, the length, the step and the momentum of any-visit-logistic were chosen: on made-up populations
alone. Needs numpy. Prints, for each choice, the mean and the largest loss of AUC against the fit without privacy, on
persons that were held out.
"""
import itertools

import numpy as np

MU = 0.236  # what (epsilon 1, delta 1e-6) allows, in Gaussian differential privacy
PERSONS = 5000


def features(coinsurance, age, income, diseases, child, female, good, bad):
    dummies = [(coinsurance == rate) * 1.0 for rate in (25, 50, 95)]
    scaled = lambda value, unit: np.clip(value / unit - 1, -1, 1)
    columns = [np.ones_like(age), *dummies, scaled(age, 60), child, female, scaled(income, 12_000), good, bad, scaled(diseases, 25)]
    return np.stack(columns, 1)


def population(rng, persons=5900):
    years = rng.integers(3, 6, persons)
    each = lambda values: np.repeat(values, years)
    age = each(rng.uniform(0, 65, persons))
    health = each(rng.choice(3, persons, p=[0.5, 0.35, 0.15]))
    x = features(
        each(rng.choice([0, 25, 50, 95], persons, p=[0.4, 0.2, 0.15, 0.25])),
        age,
        each(rng.lognormal(9.2, 0.7, persons)),
        each(rng.gamma(1.5, 7, persons)),
        (age < 18) * 1.0,
        each(rng.integers(0, 2, persons) * 1.0),
        (health == 1) * 1.0,
        (health == 2) * 1.0,
    )
    score = x @ rng.normal(0, 0.5, x.shape[1])
    score += rng.normal(0.5, 0.5) - score.mean() + each(rng.normal(0, 0.8, persons))
    y = (rng.uniform(size=len(score)) < 1 / (1 + np.exp(-score))) * 1.0
    return x, y, each(np.arange(persons))


def newton(x, y):
    weights = np.zeros(x.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ weights))
        weights -= np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-3 * np.eye(len(weights)), x.T @ (p - y))
    return weights


def descent(rng, x, y, person, rounds, length, step, momentum):
    _, index, years = np.unique(person, return_inverse=True, return_counts=True)
    weights, velocity, kept = np.zeros(x.shape[1]), np.zeros(x.shape[1]), []
    for _ in range(rounds):
        error = 1 / (1 + np.exp(-x @ weights)) - y
        each = np.stack([np.bincount(index, weights=error * column) / years for column in x.T], 1)
        each *= np.minimum(1, length / np.maximum(np.linalg.norm(each, axis=1), 1e-12))[:, None]
        noised = each.sum(0) + rng.normal(0, length * np.sqrt(rounds) / MU, x.shape[1])
        velocity = momentum * velocity + noised / PERSONS
        weights = weights - step * velocity
        kept.append(weights)
    return np.mean(kept[rounds // 2 :], 0)


def auc(score, y):
    _, index, many = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(many) - (many - 1) / 2)[index]
    positive = y.sum()
    return (ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive))


def main():
    rng = np.random.default_rng(1)
    populations = []
    for _ in range(12):
        x, y, person = population(rng)
        held = person % 5 == 0
        populations.append((x, y, person, held, auc(x[held] @ newton(x[~held], y[~held]), y[held])))
    for choice in itertools.product((10, 20, 30), (1.0, 1.25, 1.5), (3, 4, 5), (0.0, 0.7, 0.85)):
        losses = []
        for x, y, person, held, best in populations:
            weights = descent(rng, x[~held], y[~held], person[~held], *choice)
            losses.append(best - auc(x[held] @ weights, y[held]))
        print("rounds %d, length %.2f, step %d, momentum %.2f: loss %.4f, at most %.4f" % (*choice, np.mean(losses), max(losses)))


if __name__ == "__main__":
    main()
