#pragma once

#include <vector>

#include "nn/linear.hpp"

namespace dimwise {

namespace detail {
/// Throws ValueError unless the sizes of a conditioner or a transformer are at least 1, and the context's at least 0.
void check_sizes(const char* where, int64_t d, int64_t d_h, const std::vector<int64_t>& hidden, int64_t context);

/// Whether two layers have the same parameters, and not only equal ones.
inline bool same_parameters(const Linear& a, const Linear& b) {
  return a.weight.node() == b.weight.node() && a.bias.node() == b.bias.node();
}
inline bool same_parameters(const MaskedLinear& a, const MaskedLinear& b) {
  return a.weight.node() == b.weight.node() && a.bias.node() == b.bias.node() &&
         a.mask.value.node() == b.mask.value.node();
}
}  // namespace detail

/// What enters a net besides x: time and context, as a term added to a layer's input.
///
/// t is 0-d, shared by the batch, or of shape (…, 1); context of shape (…, c). Either may be undefined if the net was
/// made without it.
struct Conditioning {
  Linear time, context;

  Conditioning() = default;
  /// Terms for a layer of `width` units; `context_size` 0 for no context.
  Conditioning(int64_t width, bool with_time, int64_t context_size, const Rng& rng, DType dtype);

  /// The term, of shape (width,) or (…, width); undefined if the net has neither. Throws ValueError where t or context
  /// is missing, or given but not expected, as a context is once it is prepared.
  Tensor operator()(const Tensor& t, const Tensor& context_value) const;

  /// A copy that keeps the context's part, recorded, for many calls with t alone: once a solve. An undefined context
  /// leaves it to the calls. Where the copy's parameters are replaced, each call forms the part again.
  Conditioning prepare(const Tensor& context_value) const;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("time", self.time);
    v("context", self.context);
  }

 private:
  Tensor of(const Tensor& context_value) const;

  // The prepared context, its part, and the layer that gave it.
  Tensor given_, ready_;
  Linear of_;
};

}  // namespace dimwise
