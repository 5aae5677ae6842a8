//! Answers without privacy, from the public file: what the sample models would say if nobody had to be protected. Other
//! code than the modules', on purpose, where there is another way.

use crate::commands::bench::people::FEATURES;

/// Features of a person-year.
pub(in crate::commands::bench) type Row = [f64; FEATURES];

/// The linear score.
pub(in crate::commands::bench) fn score(features: &Row, weights: &[f64]) -> f64 {
    features.iter().zip(weights).map(|(feature, weight)| feature * weight).sum()
}

fn logistic(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

/// Maximum likelihood of a logistic regression, by Newton's method.
pub(in crate::commands::bench) fn newton(years: &[(Row, bool)]) -> Vec<f64> {
    let mut weights = vec![0.0; FEATURES];
    for _ in 0..30 {
        let mut gradient = vec![0.0; FEATURES];
        let mut curvature = vec![vec![0.0; FEATURES]; FEATURES];
        for (features, outcome) in years {
            let p = logistic(score(features, &weights));
            let error = p - f64::from(u8::from(*outcome));
            for i in 0..FEATURES {
                gradient[i] += error * features[i];
                for j in 0..FEATURES {
                    curvature[i][j] += p * (1.0 - p) * features[i] * features[j];
                }
            }
        }
        let step = solve(curvature, gradient);
        let largest = step.iter().fold(0.0, |largest: f64, entry| largest.max(entry.abs()));
        weights.iter_mut().zip(step).for_each(|(weight, entry)| *weight -= entry);
        if largest < 1e-10 {
            break;
        }
    }
    weights
}

/// Least squares with a weight for each row.
pub(in crate::commands::bench) fn least_squares(years: &[(Row, f64, f64)]) -> Vec<f64> {
    let mut products = vec![vec![0.0; FEATURES]; FEATURES];
    let mut right = vec![0.0; FEATURES];
    for (features, outcome, weight) in years {
        for i in 0..FEATURES {
            right[i] += weight * features[i] * outcome;
            for j in 0..FEATURES {
                products[i][j] += weight * features[i] * features[j];
            }
        }
    }
    solve(products, right)
}

/// Gauss elimination with pivots.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs())).unwrap_or(column);
        matrix.swap(column, pivot);
        right.swap(column, pivot);
        let (pivot_row, pivot_right) = (matrix[column].clone(), right[column]);
        if pivot_row[column] == 0.0 {
            continue;
        }
        for (_, (row, right)) in matrix.iter_mut().zip(&mut right).enumerate().filter(|(row, _)| *row != column) {
            let factor = row[column] / pivot_row[column];
            row.iter_mut().zip(&pivot_row).for_each(|(entry, above)| *entry -= factor * above);
            *right -= factor * pivot_right;
        }
    }
    (0..n).map(|row| if matrix[row][row] == 0.0 { 0.0 } else { right[row] / matrix[row][row] }).collect()
}

/// The area under the ROC curve: the chance that a year with the outcome scores higher than one without, ties half.
pub(in crate::commands::bench) fn area_under_curve(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut positive, mut at) = (0.0, 0.0, 0);
    while at < scored.len() {
        let tied = scored[at..].iter().take_while(|other| other.0 == scored[at].0).count();
        let rank = at as f64 + (tied as f64 + 1.0) / 2.0;
        let here = scored[at..at + tied].iter().filter(|(_, outcome)| *outcome).count() as f64;
        (ranks, positive, at) = (ranks + here * rank, positive + here, at + tied);
    }
    (ranks - positive * (positive + 1.0) / 2.0) / (positive * (scored.len() as f64 - positive))
}

/// The value that a share of the values lie below, by order.
pub(super) fn quantile(values: &mut [f64], probability: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (probability * values.len() as f64).ceil() as usize;
    values.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Mean and variance.
pub(super) fn mean_and_variance(values: &[f64]) -> [f64; 2] {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    [mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64]
}

/// Negative-binomial dispersion by maximum likelihood, and the share of zeros less the fitted one: a search over a fine
/// grid, on the probabilities themselves.
pub(super) fn dispersion(visits: &[f64]) -> [f64; 2] {
    let [mean, _] = mean_and_variance(visits);
    let log_likelihood = |alpha: f64| {
        let (mut sums, most) = (vec![0.0], visits.iter().copied().fold(0.0, f64::max) as usize);
        for y in 1..=most {
            sums.push(sums[y - 1] + (1.0 / alpha + y as f64 - 1.0).ln() - (y as f64).ln());
        }
        let p = 1.0 / (1.0 + alpha * mean);
        visits.iter().map(|y| sums[*y as usize] + p.ln() / alpha + y * (1.0 - p).ln()).sum::<f64>()
    };
    let grid = (0..400).map(|step| 0.1 * 100f64.powf(f64::from(step) / 399.0));
    let best = grid.map(|alpha| (alpha, log_likelihood(alpha))).max_by(|a, b| a.1.total_cmp(&b.1)).map_or(f64::NAN, |best| best.0);
    let zeros = visits.iter().filter(|y| **y == 0.0).count() as f64 / visits.len() as f64;
    [best, zeros - (1.0 + best * mean).powf(-1.0 / best)]
}

/// Lloyd's iteration until it stands still, and the sum of squared distances.
pub(super) fn clusters(points: &[[f64; 3]], mut centres: Vec<[f64; 3]>) -> Vec<[f64; 3]> {
    for _ in 0..1_000 {
        let mut sums = vec![([0.0; 3], 0.0); centres.len()];
        for point in points {
            let (sum, many) = &mut sums[nearest(point, &centres)];
            sum.iter_mut().zip(point).for_each(|(sum, number)| *sum += number);
            *many += 1.0;
        }
        let moved: Vec<[f64; 3]> =
            sums.iter().zip(&centres).map(|((sum, many), old)| if *many > 0.0 { sum.map(|sum| sum / many) } else { *old }).collect();
        if moved == centres {
            break;
        }
        centres = moved;
    }
    centres
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The nearest centre.
pub(super) fn nearest(point: &[f64; 3], centres: &[[f64; 3]]) -> usize {
    (0..centres.len()).min_by(|a, b| distance(point, &centres[*a]).total_cmp(&distance(point, &centres[*b]))).unwrap_or(0)
}

/// The sum over points of the squared distance to the nearest centre.
pub(super) fn scatter(points: &[[f64; 3]], centres: &[[f64; 3]]) -> f64 {
    points.iter().map(|point| distance(point, &centres[nearest(point, centres)])).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_small_examples() {
        assert_eq!(area_under_curve(vec![(0.1, false), (0.4, true), (0.3, false), (0.8, true)]), 1.0);
        assert_eq!(area_under_curve(vec![(0.5, true), (0.5, false)]), 0.5);
        assert_eq!(area_under_curve(vec![(0.2, true), (0.1, false), (0.3, false), (0.4, true)]), 0.75);
    }

    #[test]
    fn fits_find_what_made_the_data() {
        let row =
            |i: usize| -> Row { std::array::from_fn(|j| if j == 0 { 1.0 } else { ((i * (j + 3) * 7919) % 101) as f64 / 50.0 - 1.0 }) };
        let truth: Vec<f64> = (0..FEATURES).map(|j| j as f64 / 5.0 - 1.0).collect();
        let years: Vec<(Row, f64, f64)> = (0..2_000).map(|i| (row(i), score(&row(i), &truth), 1.0 + (i % 3) as f64)).collect();
        assert!(least_squares(&years).iter().zip(&truth).all(|(found, truth)| (found - truth).abs() < 1e-6));
    }

    #[test]
    fn a_poisson_law_has_hardly_any_dispersion_and_clusters_are_found() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0, 4.0], 0.5), 2.0);
        let visits: Vec<f64> = [(0, 135), (1, 271), (2, 271), (3, 180), (4, 90), (5, 36), (6, 12)]
            .iter()
            .flat_map(|(y, many)| std::iter::repeat_n(f64::from(*y), *many))
            .collect();
        assert!(dispersion(&visits)[0] < 0.11);
        let points = [[0.0; 3], [0.1; 3], [0.9; 3], [1.0; 3]];
        let centres = clusters(&points, vec![[0.4; 3], [0.5; 3]]);
        assert!((centres[0][0] - 0.05).abs() < 1e-12 && (centres[1][0] - 0.95).abs() < 1e-12);
        assert!((scatter(&points, &centres) - 4.0 * 3.0 * 0.0025).abs() < 1e-12);
    }
}
