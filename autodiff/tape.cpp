#include "autodiff/tape.hpp"

#include <algorithm>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/op.hpp"

namespace dimwise {

namespace {

// Node → slot, by open addressing.
class NodeMap {
 public:
  // The number of a node; `fresh` tells whether it was inserted now, with −1.
  int& insert(const Node* node, bool& fresh) {
    if (2 * used_ >= entries_.size()) grow();
    Entry& entry = find(node);
    fresh = entry.node == nullptr;
    if (fresh) {
      entry.node = node;
      entry.slot = -1;
      ++used_;
    }
    return entry.slot;
  }
  int get(const Node* node) { return find(node).node ? find(node).slot : -1; }
  bool contains(const Node* node) { return find(node).node != nullptr; }

 private:
  struct Entry {
    const Node* node = nullptr;
    int slot = -1;
  };
  Entry& find(const Node* node) {
    size_t i = (reinterpret_cast<uintptr_t>(node) >> 4) * 0x9E3779B97F4A7C15ull >> 20 & (entries_.size() - 1);
    while (entries_[i].node && entries_[i].node != node) i = (i + 1) & (entries_.size() - 1);
    return entries_[i];
  }
  void grow() {
    std::vector<Entry> old = std::move(entries_);
    entries_.assign(2 * old.size(), {});
    for (const Entry& entry : old)
      if (entry.node) find(entry.node) = entry;
  }
  std::vector<Entry> entries_ = std::vector<Entry>(64);  // a power of two
  size_t used_ = 0;
};

// The tracked nodes from which `roots` were computed, none older than `oldest`, in no particular order, stopping at
// nodes for which stop(node) holds; `seen` contains all of them, numbered −1.
template <class Stop>
std::vector<Node*> history(const std::vector<Tensor>& roots, uint64_t oldest, NodeMap& seen, Stop&& stop) {
  std::vector<Node*> pending, found;
  const auto visit = [&](Node* node) {
    if (!node->tracked || node->sequence < oldest) return;
    bool fresh = false;
    seen.insert(node, fresh);
    if (fresh) pending.push_back(node);
  };
  for (const Tensor& root : roots) visit(root.node());
  while (!pending.empty()) {
    Node* node = pending.back();
    pending.pop_back();
    found.push_back(node);
    if (stop(node)) continue;
    for (const Tensor& input : node->inputs) visit(input.node());
  }
  return found;
}

void sort_as_recorded(std::vector<Node*>& nodes) {
  const auto earlier = [](const Node* a, const Node* b) { return a->sequence < b->sequence; };
  std::reverse(nodes.begin(), nodes.end());  // a chain is visited last to first
  if (!std::is_sorted(nodes.begin(), nodes.end(), earlier)) std::sort(nodes.begin(), nodes.end(), earlier);
}

bool is_one_of(const Node* node, const std::vector<Tensor>& tensors) {
  return std::any_of(tensors.begin(), tensors.end(), [&](const Tensor& t) { return t.node() == node; });
}

uint64_t oldest_sequence(const std::vector<Tensor>& tensors) {
  uint64_t oldest = ~uint64_t{0};
  for (const Tensor& t : tensors) oldest = std::min(oldest, t.node()->sequence);
  return oldest;
}

bool depends(const Tensor& y, const std::vector<Tensor>& xs) {
  NodeMap seen;
  const auto nodes = history({y}, oldest_sequence(xs), seen, [](const Node*) { return false; });
  return std::any_of(nodes.begin(), nodes.end(), [&](const Node* node) { return is_one_of(node, xs); });
}

bool broadcasts(const Shape& from, const Shape& to) {
  if (from.rank() > to.rank()) return false;
  for (int i = 1; i <= from.rank(); ++i)
    if (const int64_t n = from[from.rank() - i]; n != 1 && n != to[to.rank() - i]) return false;
  return true;
}

void check_like(const char* sweep, const Tensor& given, const Tensor& expected) {
  if (!broadcasts(given.shape(), expected.shape()))
    fail<ShapeError>(sweep, "a direction has shape ", given.shape(), ", but the tensor has ", expected.shape(),
                     ". The direction must have that shape or broadcast to it.");
  if (given.dtype() != expected.dtype())
    fail<DTypeError>(sweep, "a direction is ", given.dtype(), ", but the tensor is ", expected.dtype(),
                     ". Cast it with astype.");
}

void check_count(const char* sweep, size_t given, size_t expected) {
  if (given != expected)
    fail<ValueError>(sweep, given, " directions for ", expected, " tensors. Give one for each (undefined for zero).");
}

}  // namespace

Tape::Tape(std::vector<Tensor> outputs, std::vector<Tensor> inputs, const Options& options)
    : outputs_(std::move(outputs)), inputs_(std::move(inputs)), holding_(options.holding) {
  for (const Tensor& x : inputs_)
    if (!x.tracked())
      fail<ValueError>(
          "tape", "an input is not tracked, so nothing was recorded. Track it with track(x) before computing with it.");
  for (const Tensor& y : outputs_)
    if (!y.defined()) fail<ValueError>("tape", "an output is undefined. Give it a value.");
  for (const Tensor& h : holding_) {
    if (!h.defined()) fail<ValueError>("holding", "a held tensor is undefined. Give it a value.");
    if (is_one_of(h.node(), inputs_) || is_one_of(h.node(), outputs_))
      fail<ValueError>("holding", "the held tensor is itself an input or an output. Hold an intermediate tensor.");
  }

  NodeMap slot;
  auto nodes = history(outputs_, oldest_sequence(inputs_), slot, [&](const Node* node) {
    return is_one_of(node, holding_) || (options.cut_at_inputs && is_one_of(node, inputs_));
  });
  sort_as_recorded(nodes);
  nodes_.reserve(nodes.size());
  result_slots_.reserve(nodes.size());
  bool fresh = false;
  for (const Tensor& x : inputs_) {
    int& s = slot.insert(x.node(), fresh);
    if (s < 0) s = slots_++;
    input_slots_.push_back(s);
  }
  NodeMap met;  // which held tensors are used
  for (Node* node : nodes) {
    if (is_one_of(node, holding_)) {
      met.insert(node, fresh);
      has_captures_ = true;
      continue;
    }
    if (!node->op || (options.cut_at_inputs && is_one_of(node, inputs_))) continue;
    const bool active =
        std::any_of(node->inputs.begin(), node->inputs.end(), [&](const Tensor& x) { return slot.get(x.node()) >= 0; });
    if (!active) continue;
    for (const Tensor& x : node->inputs) {
      const int s = slot.get(x.node());
      operands_.push_back(s);
      if (s < 0 && x.tracked()) has_captures_ = true;
    }
    int& s = slot.insert(node, fresh);
    if (s < 0) s = slots_++;
    result_slots_.push_back(s);
    nodes_.emplace_back(node);
  }
  for (const Tensor& y : outputs_) {
    output_slots_.push_back(slot.get(y.node()));
    if (output_slots_.back() < 0 && y.tracked()) has_captures_ = true;
  }
  for (const Tensor& h : holding_)
    if (options.require_held_used && !met.contains(h.node()) && depends(h, inputs_))
      fail<ValueError>("holding", "the held tensor of shape ", h.shape(),
                       " depends on an input, but no output uses it. Hold the tensor that was consumed itself, not a "
                       "reshape of it.");
}

bool Tape::has_jets() const {
  return std::all_of(nodes_.begin(), nodes_.end(), [](const Tensor& y) { return y.node()->op->jet != nullptr; });
}

std::vector<Tensor> Tape::pull(const std::vector<Tensor>& cotangents) const& {
  return sweep(cotangents, [](size_t) {});
}

std::vector<Tensor> Tape::pull(const std::vector<Tensor>& cotangents) && {
  return sweep(cotangents, [this](size_t i) {
    outputs_.clear();
    nodes_.resize(i);
  });
}

template <class Done>
std::vector<Tensor> Tape::sweep(const std::vector<Tensor>& cotangents, Done&& done) const {
  check_count("pull", cotangents.size(), outputs_.size());
  std::vector<Tensor> slot(static_cast<size_t>(slots_));
  const auto at = [&](int s) -> Tensor& { return slot[static_cast<size_t>(s)]; };
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!cotangents[i].defined()) continue;
    check_like("pull", cotangents[i], outputs_[i]);
    if (output_slots_[i] >= 0) accumulate(at(output_slots_[i]), cotangents[i]);
  }
  std::vector<bool> kept(static_cast<size_t>(slots_));
  for (const int s : input_slots_) kept[static_cast<size_t>(s)] = true;

  std::vector<Tensor> result;
  std::unique_ptr<bool[]> wanted;
  size_t capacity = 0;
  const int* operand = operands_.data() + operands_.size();
  done(nodes_.size());
  for (size_t i = nodes_.size(); i-- > 0; done(i)) {
    const Node& node = *nodes_[i].node();
    const size_t arity = node.inputs.size();
    operand -= arity;
    const int s = result_slots_[i];
    Tensor w = kept[static_cast<size_t>(s)] ? at(s) : std::move(at(s));
    if (!w.defined()) continue;
    if (!node.op->broadcasts) w = broadcast_to(w, node.shape);
    if (capacity < arity) wanted = std::make_unique<bool[]>(capacity = arity);
    for (size_t j = 0; j < arity; ++j) wanted[j] = operand[j] >= 0;
    result.assign(arity, Tensor());
    const Call call{*node.op, node.inputs, node.attributes, nodes_[i]};
    Observer* const observer = thread_context().observer;
    const double start = observer ? seconds() : 0;
    const bool last_use = !kept[static_cast<size_t>(s)] && !observer;
    Cotangents slots(result, {wanted.get(), arity}, last_use ? &w : nullptr);
    {
      const InVjp here(&call);
      node.op->vjp(call, w, slots);
    }
    for (Observer* o = observer; o; o = o->outer()) o->pulled(call, w, result, seconds() - start);
    for (size_t j = 0; j < arity; ++j)
      if (operand[j] >= 0 && result[j].defined()) accumulate(at(operand[j]), std::move(result[j]));
  }

  std::vector<Tensor> gradients;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const Tensor& g = at(input_slots_[i]);
    gradients.push_back(g.defined() ? broadcast_to(g, inputs_[i].shape()) : zeros_like(inputs_[i]));
  }
  return gradients;
}

std::vector<Tensor> Tape::push(const std::vector<Tensor>& tangents) const {
  check_count("push", tangents.size(), inputs_.size());
  std::vector<std::vector<Tensor>> coefficients;
  for (const Tensor& t : tangents) coefficients.push_back({t});
  std::vector<Tensor> result;
  for (const Series& y : jet(coefficients)) result.push_back(y.at(1).defined() ? y.at(1) : zeros_like(y.value()));
  return result;
}

std::vector<Series> Tape::jet(const std::vector<std::vector<Tensor>>& coefficients) const {
  check_count("jet", coefficients.size(), inputs_.size());
  std::vector<Series> slot(static_cast<size_t>(slots_));
  const auto at = [&](int s) -> Series& { return slot[static_cast<size_t>(s)]; };
  // All series have the same order: a shorter one would be treated as a polynomial, with zero higher coefficients.
  size_t order = 0;
  for (const auto& given : coefficients) order = std::max(order, given.size());
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Series& x = at(input_slots_[i]);
    x = Series(inputs_[i]);
    x.c.reserve(order + 1);
    for (const Tensor& c : coefficients[i]) {
      if (c.defined()) check_like("jet", c, inputs_[i]);
      x.c.push_back(c);
    }
    x.c.resize(order + 1);
  }
  const int* operand = operands_.data();
  std::vector<Series> in;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = *nodes_[i].node();
    in.clear();
    for (size_t j = 0; j < node.inputs.size(); ++j)
      in.push_back(operand[j] >= 0 ? at(operand[j]) : Series(node.inputs[j]));
    operand += node.inputs.size();
    Series y = jet_of(Call{*node.op, node.inputs, node.attributes, nodes_[i]}, in);
    Series& mine = at(result_slots_[i]);
    for (int k = 1; k <= mine.order(); ++k) {  // an input that depends on another one
      if (!mine.at(k).defined()) continue;
      if (k > y.order()) y.c.resize(static_cast<size_t>(k) + 1);
      accumulate(y.c[static_cast<size_t>(k)], mine.at(k));
    }
    mine = std::move(y);
  }
  std::vector<Series> result;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    result.push_back(output_slots_[i] >= 0 ? at(output_slots_[i]) : Series(outputs_[i]));
    result.back().expand();
  }
  return result;
}

std::vector<Tensor> captured(const Tensor& y, const std::vector<Tensor>& arguments, uint64_t begin) {
  NodeMap seen;
  auto nodes =
      history({y}, 0, seen, [&](const Node* node) { return node->sequence < begin || is_one_of(node, arguments); });
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(), [&](const Node* node) { return node->sequence >= begin; }),
              nodes.end());
  sort_as_recorded(nodes);
  return {nodes.begin(), nodes.end()};
}

bool has_captured(const Tensor& y, const std::vector<Tensor>& arguments, uint64_t begin) {
  NodeMap seen;
  bool found = false;
  history({y}, 0, seen, [&](const Node* node) {
    found = found || node->sequence < begin;
    return found || is_one_of(node, arguments);
  });
  return found;
}

}  // namespace dimwise
