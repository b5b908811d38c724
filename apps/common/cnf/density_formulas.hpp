#pragma once

namespace dimwise::app::formulas {

// ln p(x, y) of the built-in densities, in nats: closed forms, and quadrature along the curve where there is none.
// Relative error of p below 1e-9; −∞ where p is zero or underflows.

/// Eight Gaussians of sd 0.5/1.414 on a circle of radius 4/1.414.
double eight_gaussians(double x, double y);
/// Two spirals of 540°, blurred by uniform and Gaussian noise.
double two_spirals(double x, double y);
/// 1/32 on eight squares of side 2.
double checkerboard(double x, double y);
/// Five Gaussian arms wound up by 0.25 eʳ.
double pinwheel(double x, double y);
/// Circles of radius 0.75, 1.5, 2.25 and 3 with Gaussian noise of sd 0.08.
double rings(double x, double y);
/// Two half circles of radius 2 with Gaussian noise of sd 0.2.
double moons(double x, double y);
/// A spiral (t cos t, t sin t)/5 with Gaussian noise of sd 0.2.
double swissroll(double x, double y);
/// Circles of radius 1.5 and 3 with Gaussian noise of sd 0.24.
double circles(double x, double y);

}  // namespace dimwise::app::formulas
