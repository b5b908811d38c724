#include "autodiff/debug/print.hpp"

#include <sstream>

#include "autodiff/op.hpp"

namespace dimwise {

std::ostream& operator<<(std::ostream& out, DType dtype) { return out << name(dtype); }

std::ostream& operator<<(std::ostream& out, const Tensor& x) {
  if (!x.defined()) return out << "tensor(undefined)";
  constexpr int64_t edge = 4;  // elements printed at each end of a long axis
  const std::vector<double> values = x.values();
  const Shape& shape = x.shape();
  const auto print = [&](auto&& self, int axis, int64_t offset) -> void {
    if (axis == shape.rank()) {
      out << values[static_cast<size_t>(offset)];
      return;
    }
    out << '[';
    for (int64_t i = 0; i < shape[axis]; ++i) {
      if (shape[axis] > 2 * edge && i == edge) {
        out << ", …";
        i = shape[axis] - edge;
      }
      out << (i ? ", " : "");
      self(self, axis + 1, offset + i * shape.inner(axis));
    }
    out << ']';
  };
  out << "tensor(";
  print(print, 0, 0);
  return out << ", shape=" << shape << ", " << x.dtype() << (x.tracked() ? ", tracked)" : ")");
}

std::string str(const Tensor& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

namespace {
// The label of a tensor: %3 for results on the tape, x0 for inputs, h0 for held tensors, c for constants.
std::string label(const Tape& tape, const Tensor& t) {
  const auto find = [&](const std::vector<Tensor>& list, const char* prefix) -> std::string {
    for (size_t i = 0; i < list.size(); ++i)
      if (list[i].node() == t.node()) return prefix + std::to_string(i);
    return "";
  };
  for (const auto& name : {find(tape.inputs(), "x"), find(tape.holding(), "h"), find(tape.nodes(), "%")})
    if (!name.empty()) return name;
  return t.tracked() ? "captured" : "constant";
}
}  // namespace

std::string str(const Tape& tape) {
  std::ostringstream out;
  for (const Tensor& y : tape.nodes()) {
    out << label(tape, y) << " = " << y.node()->op->name << '(';
    for (size_t j = 0; j < y.node()->inputs.size(); ++j) out << (j ? ", " : "") << label(tape, y.node()->inputs[j]);
    out << ")  " << y.shape() << ' ' << y.dtype() << '\n';
  }
  return out.str();
}

std::string to_dot(const Tape& tape) {
  std::ostringstream out;
  out << "digraph tape {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const Tensor& y : tape.nodes()) {
    const std::string name = label(tape, y);
    out << "  \"" << name << "\" [label=\"" << y.node()->op->name << "\\n" << y.shape() << "\"];\n";
    for (const Tensor& x : y.node()->inputs) {
      const std::string from = label(tape, x);
      if (from == "constant") continue;
      out << "  \"" << from << "\" -> \"" << name << '"' << (from[0] == 'h' ? " [style=dashed]" : "") << ";\n";
    }
  }
  out << "}\n";
  return out.str();
}

}  // namespace dimwise
