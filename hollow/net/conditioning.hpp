#pragma once

#include <utility>
#include <vector>

#include "nn/activation.hpp"
#include "nn/linear.hpp"

namespace dimwise {

/// Sizes shared by all conditioners.
struct ConditionerConfig {
  int64_t d = 2;     ///< dimension of x
  int64_t d_h = 16;  ///< size of h_i, the transformer's input for each dimension
  /// Widths of the hidden layers. Empty for one of 64 units, or of 2(d − 1) if these are more: with fewer, some h_i of
  /// a MaskedConditioner do not depend on some x_j.
  std::vector<int64_t> hidden = {};
  Activation activation = Activation::tanh;
  bool time = false;    ///< whether t is an input
  int64_t context = 0;  ///< size of the context, 0 for none
  DType dtype = DType::float32;
};

/// Sizes shared by all transformers.
struct TransformerConfig {
  int64_t d = 2;  ///< dimension of x; SharedTransformer is the same network for any
  int64_t d_h = 16;
  std::vector<int64_t> hidden = {64};
  Activation activation = Activation::tanh;
  bool time = false;
  int64_t context = 0;
  DType dtype = DType::float32;
};

namespace detail {
/// The widths of the hidden layers of a conditioner.
std::vector<int64_t> conditioner_widths(const ConditionerConfig& config);
/// Throws ValueError unless the sizes of a conditioner or a transformer are at least 1, and the context's at least 0.
void check_sizes(const char* where, int64_t d, int64_t d_h, const std::vector<int64_t>& hidden, int64_t context);
}  // namespace detail

/// `Conditioning` with the context's part already computed.
struct PreparedConditioning {
  Linear time;
  Tensor part;  ///< the term of the context; undefined without one

  /// The term, of shape (width,) or (…, width); undefined if the net has neither time nor context. Throws ValueError
  /// where t is missing, or given but not expected.
  Tensor operator()(const Tensor& t) const;
};

/// The inputs of a net other than x: time and context, as a term added to a layer's input.
///
/// t, of any dtype, is 0-d, shared by the batch, or of shape (…, 1); context of shape (…, c). Each is undefined if the
/// net was constructed without it.
struct Conditioning {
  Linear time, context;

  Conditioning() = default;
  /// Terms for a layer of `width` units; `context_size` 0 for no context.
  Conditioning(int64_t width, bool with_time, int64_t context_size, const Rng& rng, DType dtype);

  /// Computes the context's part once for many calls, recorded. Throws ValueError if the context is missing, or given
  /// but not expected.
  PreparedConditioning prepare(const Tensor& context_value) const;
  Tensor operator()(const Tensor& t, const Tensor& context_value) const { return prepare(context_value)(t); }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("time", self.time);
    v("context", self.context);
  }
};

/// A conditioner or transformer with the context's part computed once for many calls.
///
/// It is a function, not a module: the parameters belong to the conditioner or transformer.
template <class Part>
class PreparedPart {
 public:
  PreparedPart(Part part, const Tensor& context)
      : part_(std::move(part)), conditioning_(part_.conditioning.prepare(context)) {}

  /// h(x, t) of a conditioner.
  Tensor operator()(const Tensor& x, const Tensor& t) const { return part_.evaluate(x, conditioning_(t)); }
  /// τ(x, h, t) of a transformer.
  Tensor operator()(const Tensor& x, const Tensor& h, const Tensor& t) const {
    return part_.evaluate(x, h, conditioning_(t));
  }

 private:
  Part part_;
  PreparedConditioning conditioning_;
};

}  // namespace dimwise
