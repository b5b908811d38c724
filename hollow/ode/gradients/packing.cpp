#include "hollow/ode/gradients/packing.hpp"

#include "ops/layout.hpp"

namespace dimwise::ode {

Tensor pack(const State& parts) {
  State flat;
  for (const Tensor& part : parts) flat.push_back(reshape(part, {part.size()}));
  return flat.size() == 1 ? flat[0] : concat(flat, 0);
}

Tensor unpack(const Tensor& flat, int64_t& offset, const Tensor& like) {
  const int64_t start = offset;
  offset += like.size();
  return reshape(like.size() == flat.size() ? flat : slice(flat, 0, start, offset), like.shape());
}

}  // namespace dimwise::ode
