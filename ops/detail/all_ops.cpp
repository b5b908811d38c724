#include "ops/detail/all_ops.hpp"

#include "autodiff/basic.hpp"

namespace dimwise {

std::vector<const Op*> all_ops() {
  std::vector<const Op*> all{&stack_op, &row_op, &place_row_op, &scale_op, &cotangent_mul_op};
  for (const auto& room :
       {arithmetic_ops(), exponential_ops(), trigonometric_ops(), activation_ops(), power_ops(), reduce_ops(),
        layout_ops(), diagonal_ops(), index_ops(), matmul_ops(), block_ops(), combination_ops(), conv_ops()})
    all.insert(all.end(), room.begin(), room.end());
  return all;
}

}  // namespace dimwise
