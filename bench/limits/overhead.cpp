#include <memory>

#include "bench/limits/loops.hpp"

namespace dimwise::bench {

namespace {

// A tape of records {kernel, operands, result} over an arena that is rewound after each pass.
struct Value {
  float* data;
  uint32_t size, id;
};
struct Record;
using Kernel = void (*)(const Record&, float* const* gradients);
struct Record {
  Kernel backward;
  Value a, b, out;
};

class Tape {
 public:
  Tape() : store_(1 << 16) {}

  Value make(uint32_t n) {
    const Value v{store_.data() + top_, n, ids_++};
    top_ += (n + 15) / 16 * 16;
    return v;
  }
  void record(Kernel backward, Value a, Value b, Value out) { records_.push_back({backward, a, b, out}); }
  void rewind() {
    records_.clear();
    top_ = 0;
    ids_ = 0;
  }
  [[gnu::noinline]] void backward(Value y) {
    gradients_.resize(ids_);
    for (float*& gradient : gradients_) {
      gradient = store_.data() + top_;
      top_ += 16;
    }
    std::fill_n(gradients_[0], 16 * ids_, 0.F);
    gradients_[y.id][0] = 1;
    for (size_t k = records_.size(); k-- > 0;) records_[k].backward(records_[k], gradients_.data());
    keep(store_.data());
  }

 private:
  std::vector<Record> records_;
  Floats store_;
  std::vector<float*> gradients_;
  size_t top_ = 0;
  uint32_t ids_ = 0;
};

void add_backward(const Record& r, float* const* g) {
  for (uint32_t i = 0; i < r.out.size; ++i) g[r.a.id][i] += g[r.out.id][i];
  for (uint32_t i = 0; i < r.out.size; ++i) g[r.b.id][i] += g[r.out.id][i];
}
void mul_backward(const Record& r, float* const* g) {
  for (uint32_t i = 0; i < r.out.size; ++i) g[r.a.id][i] += g[r.out.id][i] * r.b.data[i];
  for (uint32_t i = 0; i < r.out.size; ++i) g[r.b.id][i] += g[r.out.id][i] * r.a.data[i];
}
void tanh_backward(const Record& r, float* const* g) {
  for (uint32_t i = 0; i < r.out.size; ++i) g[r.a.id][i] += g[r.out.id][i] * (1 - r.out.data[i] * r.out.data[i]);
}

[[gnu::noinline]] Value add(Tape& tape, Value a, Value b) {
  const Value out = tape.make(a.size);
  for (uint32_t i = 0; i < a.size; ++i) out.data[i] = a.data[i] + b.data[i];
  tape.record(add_backward, a, b, out);
  return out;
}
[[gnu::noinline]] Value mul(Tape& tape, Value a, Value b) {
  const Value out = tape.make(a.size);
  for (uint32_t i = 0; i < a.size; ++i) out.data[i] = a.data[i] * b.data[i];
  tape.record(mul_backward, a, b, out);
  return out;
}
[[gnu::noinline]] Value tanh(Tape& tape, Value a, Value b) {
  const Value out = tape.make(a.size);
  for (uint32_t i = 0; i < a.size; ++i) out.data[i] = fast_tanh(a.data[i]);
  tape.record(tanh_backward, a, b, out);
  return out;
}

void chain(Tape& tape, Value (*op)(Tape&, Value, Value)) {
  tape.rewind();
  const Value a = tape.make(1), b = tape.make(1);
  a.data[0] = b.data[0] = 1;
  Value y = a;
  for (int i = 0; i < 1000; ++i) y = op(tape, y, b);
  tape.backward(y);
}

}  // namespace

Twin limit_overhead() {
  const auto tape = std::make_shared<Tape>();
  return {{{"add", [tape] { chain(*tape, add); }},
           {"mul", [tape] { chain(*tape, mul); }},
           {"tanh", [tape] { chain(*tape, tanh); }}},
          {}};
}

}  // namespace dimwise::bench
