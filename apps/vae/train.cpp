#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/vae/commands.hpp"
#include "apps/vae/training.hpp"

namespace dimwise::app::vae {

namespace {

void report(const TrainSettings& s, const TrainResult& r) {
  if (s.common.json)
    std::cout << nlohmann::ordered_json{{"step", r.step},
                                        {"epoch", r.epoch},
                                        {"best_epoch", r.best_epoch},
                                        {"validation_negative_elbo", r.best_negative_elbo},
                                        {"checkpoint", r.checkpoint}}
              << '\n';
  else
    std::cout << "validation -ELBO " << r.best_negative_elbo << " nats an image at epoch " << r.best_epoch << " of "
              << r.epoch << "; saved " << r.checkpoint << '\n';
}

}  // namespace

void add_train(App& app) {
  const auto s = std::make_shared<TrainSettings>();
  Command& c = app.command("train", "trains a variational autoencoder of 0/1 images");
  c.example("train --flow hollow --out runs/strokes", "Built-in images, a continuous flow with exact trace");
  c.example("train --data mnist --arch conv --flow orthogonal --num-flows 16 --epochs 2000 --warm-up 100",
            "The setting of the Sylvester flows' paper");
  c.example("train --data mine.npy --epochs 50 --out runs/mine", "A file of images");
  c.example("train --flow hollow --out runs/strokes --resume", "Continue an interrupted run");
  add_settings(c, *s);
  c.does([s](const Command& self) { report(*s, train(*s, self)); });
}

}  // namespace dimwise::app::vae
