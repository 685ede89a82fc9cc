/// What every `model.py` has.
enum PyTorchCode {
  /// The page around a model: `body` defines `load()`, which makes the model, and `run(model, example)`, which gives its
  /// logits.
  static func page(title: String, body: String) -> String {
    """
    \"\"\"\(title).

    Written by nlptool; needs torch and safetensors. `python model.py` computes the example and compares it with the logits
    that nlptool gave; `from model import load` gives the model. model.json has the labels and how inputs are prepared.
    \"\"\"
    import json
    import pathlib
    import sys

    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file
    from torch import nn

    FOLDER = pathlib.Path(__file__).resolve().parent


    def weights():
        return load_file(FOLDER / "weights.safetensors")


    \(body)


    def main():
        example, about = load_file(FOLDER / "example.safetensors"), json.loads((FOLDER / "model.json").read_text())
        with torch.no_grad():
            logits = run(load(), example)
        difference = ((logits - example["logits"]).abs().max() / example["logits"].abs().max()).item()
        print("labels:", ", ".join(about.get("labels", [])) or "none")
        for row in logits.reshape(-1, logits.shape[-1])[:8]:
            print(" ".join(f"{number:.5f}" for number in row[:10].tolist()))
        print(f"largest difference from nlptool, relative to the largest logit: {difference:.1e}")
        sys.exit(0 if difference < 1e-4 else 1)


    if __name__ == "__main__":
        main()

    """
  }
}
