#include <dnnl.hpp>
#include <map>
#include <new>
#include <optional>

#include "autodiff/base/buffer.hpp"
#include "ops/detail/blas_memory.hpp"
#include "ops/detail/conv_kernels.hpp"
#include "ops/threads.hpp"

namespace dimwise::conv {

namespace {

using dnnl::memory;

const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

dnnl::primitive_attr caller_gives_scratch() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

memory unplaced(const memory::desc& desc) { return memory(desc, engine(), nullptr); }

// A primitive and its scratch memory, allocated from the pool.
struct Step {
  dnnl::primitive primitive;
  memory scratch;
  bool has_run = false;

  template <class Description>
  explicit Step(const Description& description)
      : primitive(description.get()), scratch(unplaced(description.scratchpad_desc())) {}
  void run(dnnl::stream& stream, std::unordered_map<int, memory> arguments) {
    const Buffer block(scratch.get_desc().get_size());
    scratch.set_data_handle(block.data());
    arguments.emplace(DNNL_ARG_SCRATCHPAD, scratch);
    if (!has_run) check_room_for_code();
    primitive.execute(stream, arguments);
    has_run = true;
  }
};

// An operand: row-major for the caller, in the layout that the convolution prefers inside.
struct Operand {
  int argument;
  memory outside, inside;
  std::optional<Step> reorder;
  Buffer block;

  Operand(int name, const memory::desc& plain, const memory::desc& preferred, bool into)
      : argument(name), outside(unplaced(plain)), inside(unplaced(preferred)) {
    if (plain == preferred) return;
    const memory &from = into ? outside : inside, &to = into ? inside : outside;
    reorder.emplace(dnnl::reorder::primitive_desc(from, to, caller_gives_scratch()));
  }
  void place(void* data) {
    outside.set_data_handle(data);
    if (reorder) block = Buffer(inside.get_desc().get_size());
    inside.set_data_handle(reorder ? block.data() : data);
  }
};

struct Convolution {
  Operand a, b, out;
  Step step;

  void run(const float* pa, const float* pb, float* result) {
    thread_local dnnl::stream stream(engine());
    a.place(const_cast<float*>(pa));
    b.place(const_cast<float*>(pb));
    out.place(result);
    for (Operand* operand : {&a, &b})
      if (operand->reorder)
        operand->reorder->run(stream, {{DNNL_ARG_FROM, operand->outside}, {DNNL_ARG_TO, operand->inside}});
    step.run(stream, {{a.argument, a.inside}, {b.argument, b.inside}, {out.argument, out.inside}});
    if (out.reorder) out.reorder->run(stream, {{DNNL_ARG_FROM, out.inside}, {DNNL_ARG_TO, out.outside}});
    stream.wait();
    for (Operand* operand : {&a, &b, &out}) operand->block = Buffer();
  }
};

std::optional<Convolution> build(Result result, const Geometry& g) {
  const auto dims = [](auto... n) { return memory::dims{n...}; };
  const auto plain = [](const memory::dims& d) {
    return memory::desc(d, memory::data_type::f32, memory::format_tag::nchw);
  };
  const auto any = [](const memory::desc& d) {
    return memory::desc(d.dims(), memory::data_type::f32, memory::format_tag::any);
  };
  const memory::desc x = plain(dims(g.n, g.c, g.h, g.w)), w = plain(dims(g.o, g.c, g.kh, g.kw)),
                     y = plain(dims(g.n, g.o, g.oh, g.ow));
  // oneDNN needs the padding that is actually used, without what the last stride does not reach.
  const auto strides = dims(g.stride_h, g.stride_w), before = dims(g.pad_h, g.pad_w),
             after =
                 dims((g.oh - 1) * g.stride_h + g.kh - g.h - g.pad_h, (g.ow - 1) * g.stride_w + g.kw - g.w - g.pad_w);
  const auto attr = caller_gives_scratch();
  constexpr auto direct = dnnl::algorithm::convolution_direct;
  try {
    const dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, direct, any(x), any(w), any(y), strides, before, after}, attr, engine());
    if (result == Result::output)
      return Convolution{{DNNL_ARG_SRC, x, forward.src_desc(), true},
                         {DNNL_ARG_WEIGHTS, w, forward.weights_desc(), true},
                         {DNNL_ARG_DST, y, forward.dst_desc(), false},
                         Step(forward)};
    if (result == Result::input) {
      const dnnl::convolution_backward_data::primitive_desc backward(
          {direct, any(x), any(w), any(y), strides, before, after}, attr, engine(), forward);
      return Convolution{{DNNL_ARG_DIFF_DST, y, backward.diff_dst_desc(), true},
                         {DNNL_ARG_WEIGHTS, w, backward.weights_desc(), true},
                         {DNNL_ARG_DIFF_SRC, x, backward.diff_src_desc(), false},
                         Step(backward)};
    }
    const dnnl::convolution_backward_weights::primitive_desc backward(
        {direct, any(x), any(w), any(y), strides, before, after}, attr, engine(), forward);
    return Convolution{{DNNL_ARG_SRC, x, backward.src_desc(), true},
                       {DNNL_ARG_DIFF_DST, y, backward.diff_dst_desc(), true},
                       {DNNL_ARG_DIFF_WEIGHTS, w, backward.diff_weights_desc(), false},
                       Step(backward)};
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
    return std::nullopt;
  }
}

}  // namespace

bool by_onednn(Result result, const Geometry& geometry, const float* a, const float* b, float* out) {
  constexpr size_t most_kept = 256;
  struct Key {
    Result result;
    int threads;
    std::array<int64_t, 13> geometry;
    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): found in the generated code
  };
  thread_local std::map<Key, std::optional<Convolution>> kept;
  const int threads = onednn_threads();
  const OneDnnThreads limit(threads);
  const Key key{result, threads, geometry.key()};
  auto found = kept.find(key);
  if (found == kept.end()) {
    if (kept.size() >= most_kept) kept.clear();
    check_room_for_code();
    found = kept.emplace(key, build(result, geometry)).first;
  }
  if (!found->second) return false;
  found->second->run(a, b, out);
  return true;
}

}  // namespace dimwise::conv
