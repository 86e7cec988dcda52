"""Weights of the pre-trained encoders, as they are shipped.

python -m bonafide_models.second_stage.weights encoder MODEL.bin Models/encoder.safetensors [--blocks 3]
python -m bonafide_models.second_stage.weights spectra distill_mos_v7.pt Models/spectra.safetensors

`encoder` writes the convolutions, positions and lower blocks of the speech encoder, `spectra` the convolutions of the
encoder of spectra: matrices in 8 bits with a scale a row.
"""

import argparse
import os

import safetensors.torch
from torch import Tensor

from bonafide_models.encoders.spectra import SpectrumEncoder
from bonafide_models.encoders.speech import Encoder
from bonafide_models.second_stage.stored import eight_bits

POSITIONS = 200  # of a window of four seconds


def of_speech(model: str, blocks: int) -> dict[str, Tensor]:
    encoder = Encoder(model, blocks)
    tensors = {"positions": encoder.positions[:POSITIONS]}
    for name, convolution in (("conv_1", encoder.conv_1), ("conv_2", encoder.conv_2)):
        # A window's frames one after the other.
        tensors[name + ".weight"] = convolution.weight.permute(0, 2, 1).flatten(1)
        if convolution.bias is not None:
            tensors[name + ".bias"] = convolution.bias
    return tensors | {"blocks." + name: value for name, value in encoder.blocks.state_dict().items()}


def of_spectra(model: str) -> dict[str, Tensor]:
    tensors = {}
    for k, layer in enumerate(SpectrumEncoder(model).layers):
        # Of a window its frequencies one after the other, in each the frames, in each the channels.
        tensors[f"layers.{k}.weight"] = layer.get_parameter("weight").permute(0, 2, 3, 1).flatten(1)
        tensors[f"layers.{k}.bias"] = layer.get_parameter("bias")
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("encoder", choices=["encoder", "spectra"])
    parser.add_argument("model")
    parser.add_argument("out")
    parser.add_argument("--blocks", type=int, default=3)
    options = parser.parse_args()
    if options.encoder == "encoder":
        tensors = of_speech(options.model, options.blocks)
        source = "encoder of Whisper base (OpenAI, MIT licence), lower blocks; see Models/encoder.LICENSE"
    else:
        tensors = of_spectra(options.model)
        source = "convolutions of Distill-MOS (Microsoft, MIT licence); see Models/spectra.LICENSE"
    safetensors.torch.save_file(eight_bits(tensors), options.out, {"source": source})
    print(options.out, os.path.getsize(options.out), "bytes")


if __name__ == "__main__":
    main()
