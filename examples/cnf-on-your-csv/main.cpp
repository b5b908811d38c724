// Fits a continuous normalizing flow to the columns of a CSV file, and compares it with a Gaussian on held-out rows.
// Usage: cnf_on_your_csv [FILE.csv]. Without a file it writes one, ring.csv, and reads that.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

namespace {

// Points of a noisy ring: no Gaussian fits it.
void write_ring(const std::string& path) {
  const dw::Rng rng(1);
  const dw::Tensor angle = rng.split("angle").uniform({600, 1}, dw::DType::float64, 0, 6.2831853);
  const dw::Tensor radius = 2 + 0.2 * rng.split("radius").normal({600, 1}, dw::DType::float64);
  dw::save_csv(path, {"x", "y"}, dw::concat({radius * dw::cos(angle), radius * dw::sin(angle)}, -1));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "ring.csv";
  if (argc == 1) write_ring(path);
  const dw::Csv table = dw::load_csv(path);
  const int64_t rows = table.values.dim(0), d = table.values.dim(1);
  const dw::Split parts = dw::train_test_split(rows, 0.1, 0.2, 0);
  const dw::Tensor train = dw::index_select(table.values, 0, parts.train),
                   test = dw::index_select(table.values, 0, parts.test);
  const dw::Standardizer units = dw::fit_standardizer(train, table.columns, dw::DType::float64);
  const dw::Tensor z = dw::astype(units.forward(train), dw::DType::float32);

  const dw::Rng rng(0);
  dw::Cnf<dw::AnyHollowNet> flow{
      {dw::make_hollow_net({.d = d, .d_h = 8, .hidden = {32}, .transformer_hidden = {32}, .time = true}, rng)}};
  dw::AdamW optimizer{.lr = 1e-2};
  const dw::FlowOptions options{.ode = {.rtol = 1e-3, .atol = 1e-3}};
  for (uint64_t step = 0; step < 300; ++step) {
    const dw::Tensor x = dw::index_select(z, 0, rng.split("batch").split(step).integers(64, z.dim(0)));
    const auto [loss, gradient] =
        dw::value_and_grad([&](const auto& m) { return -dw::mean(m.log_prob(x, {}, options)); }, flow);
    optimizer.step(flow, gradient);
    if (step % 100 == 99) std::cout << "step " << step + 1 << ": " << loss.item() << " nats\n";
  }

  const dw::Tensor held_out = dw::astype(units.forward(test), dw::DType::float32);
  const double ours = -dw::mean(flow.log_prob(held_out)).item() - units.log_det().item(),
               gaussian = -dw::mean(dw::MultivariateNormal::fit(train).log_prob(test)).item();
  std::cout << path << ", " << test.dim(0) << " held-out rows of " << d << " columns, nats a row: the flow " << ours
            << ", a Gaussian " << gaussian << '\n';
  return argc > 1 || ours < gaussian ? 0 : 1;
}
