#pragma once

#include "tests/apps/common/app_run.hpp"

namespace dimwise::app {

inline Ended run_vae(const Strings& words, const Surroundings& around = {}) {
  return Process(DIMWISE_VAE, words, around).wait();
}

// `train` on a few of the built-in images, with a net so small that a step takes less than a millisecond.
inline Strings small_vae(const std::string& flow, const std::string& out, int64_t epochs) {
  return {"train",
          "--flow",
          flow,
          "--out",
          out,
          "--epochs",
          std::to_string(epochs),
          "--train-images",
          "120",
          "--validation-images",
          "30",
          "--batch-size",
          "20",
          "--hidden",
          "8",
          "--latent",
          "4",
          "--columns",
          "2",
          "--flow-hidden",
          "6",
          "--transformer-hidden",
          "4",
          "--d-h",
          "2",
          "--warm-up",
          "2",
          "--log-every",
          "2"};
}

}  // namespace dimwise::app
