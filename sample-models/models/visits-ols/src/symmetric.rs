//! Eigenvalues and inverses of small symmetric matrices, by Jacobi's rotations: slow for large ones, and exact to the
//! last digits for nearly singular ones, which is what noise makes.

use libm::sqrt;

pub type Square<const N: usize> = [[f64; N]; N];

pub fn zeros<const N: usize>() -> Square<N> {
    [[0.0; N]; N]
}

/// A symmetric matrix, taken apart: columns of `vectors` and their eigenvalues.
pub struct Eigen<const N: usize> {
    values: [f64; N],
    vectors: Square<N>,
}

/// Rotations converge quadratically; ten sweeps are more than matrices of this size need.
const SWEEPS: usize = 12;

impl<const N: usize> Eigen<N> {
    pub fn of(mut matrix: Square<N>) -> Self {
        let mut vectors = zeros();
        (0..N).for_each(|i| vectors[i][i] = 1.0);
        for _ in 0..SWEEPS {
            for p in 0..N {
                for q in p + 1..N {
                    rotate(&mut matrix, &mut vectors, p, q);
                }
            }
        }
        Self { values: core::array::from_fn(|i| matrix[i][i]), vectors }
    }

    pub fn least(&self) -> f64 {
        self.values.iter().fold(f64::INFINITY, |least, value| least.min(*value))
    }

    /// The inverse of the matrix with `ridge` added to its diagonal.
    pub fn inverse_plus(&self, ridge: f64) -> Square<N> {
        let entry = |i: usize, j: usize| (0..N).map(|k| self.vectors[i][k] * self.vectors[j][k] / (self.values[k] + ridge)).sum();
        core::array::from_fn(|i| core::array::from_fn(|j| entry(i, j)))
    }
}

/// Makes the entry (p, q) zero.
fn rotate<const N: usize>(matrix: &mut Square<N>, vectors: &mut Square<N>, p: usize, q: usize) {
    if matrix[p][q] == 0.0 {
        return;
    }
    let theta = (matrix[q][q] - matrix[p][p]) / (2.0 * matrix[p][q]);
    let tangent = if theta >= 0.0 { 1.0 } else { -1.0 } / (theta.abs() + sqrt(theta * theta + 1.0));
    let cosine = 1.0 / sqrt(tangent * tangent + 1.0);
    let sine = tangent * cosine;
    for k in 0..N {
        let (a, b) = (matrix[k][p], matrix[k][q]);
        (matrix[k][p], matrix[k][q]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
    for k in 0..N {
        let (a, b) = (matrix[p][k], matrix[q][k]);
        (matrix[p][k], matrix[q][k]) = (cosine * a - sine * b, sine * a + cosine * b);
        let (a, b) = (vectors[k][p], vectors[k][q]);
        (vectors[k][p], vectors[k][q]) = (cosine * a - sine * b, sine * a + cosine * b);
    }
}
