#!/usr/bin/env python3
"""Judges packages for Core ML without Apple's runtime, which there is for macOS only.

coreml.py PACKAGE... says what stands in packages and whether coremltools takes them.

coremltools reads the specification and the weights, and rebuilds the program from it: each operation is checked against
coremltools' own definition, with the types and shapes of its results. Then the program is computed here, operation by
operation, by numpy and torch as the documentation of each says. What Core ML itself makes of it has to be tried on a Mac.

Needs coremltools, numpy and torch.
"""
import logging
import pathlib
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
import coremltools  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from coremltools.converters.mil.frontend.milproto.load import load as load_program  # noqa: E402

logging.disable(logging.NOTSET)
FLOAT32, INT32 = 65568, 131104


class Package:
    """A package as coremltools reads it."""

    def __init__(self, path):
        path = pathlib.Path(path)
        # Reads the manifest too.
        model = coremltools.models.MLModel(str(path), skip_model_load=True)
        self.specification = model.get_spec()
        assert self.specification.specificationVersion == 7, self.specification.specificationVersion
        self.program = load_program(self.specification, 7, str(path / "Data/com.apple.CoreML/weights"))
        self.function = self.program.functions["main"]
        self.program.validate()
        self.inputs = {feature.name: shape_range(feature.type.multiArrayType) for feature in self.description.input}
        self.outputs = [feature.name for feature in self.description.output]
        assert list(self.function.inputs) == list(self.inputs)
        assert [output.name for output in self.function.outputs] == self.outputs, self.outputs
        for feature in self.description.output:
            kind = feature.type.WhichOneof("Type")
            expected = {"classLabel": "stringType", "classLabel_probs": "dictionaryType"}.get(feature.name, "multiArrayType")
            assert kind == expected, (feature.name, kind)

    @property
    def description(self):
        return self.specification.description

    @property
    def metadata(self):
        return {key.removeprefix("nlptool."): value for key, value in self.description.metadata.userDefined.items()}

    def run(self, **inputs):
        """The outputs for inputs, which must be of the declared types and extents."""
        for feature in self.description.input:
            array, kind = inputs[feature.name], feature.type.multiArrayType.dataType
            assert (array.dtype, kind) in ((np.int32, INT32), (np.float32, FLOAT32)), (feature.name, array.dtype, kind)
            ranges = self.inputs[feature.name]
            assert len(ranges) == array.ndim and all(low <= n <= high for n, (low, high) in zip(array.shape, ranges))
        values = {name: torch.from_numpy(array) for name, array in inputs.items()}
        with torch.no_grad():
            run_block(self.function, values)
        return {name: as_array(values[name]) for name in self.outputs}


def shape_range(array):
    """The least and the largest extent of each axis."""
    if array.WhichOneof("ShapeFlexibility") is None:
        return [(extent, extent) for extent in array.shape]
    ranges = [(size.lowerBound, size.upperBound) for size in array.shapeRange.sizeRanges]
    assert all(low <= extent <= high for extent, (low, high) in zip(array.shape, ranges))
    return ranges


def as_array(value):
    return value.numpy() if isinstance(value, torch.Tensor) else value


def constant(value):
    return torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) else value


def run_block(block, values):
    for operation in block.operations:
        if operation.op_type == "const":
            values[operation.outputs[0].name] = constant(operation.outputs[0].val)
            continue
        parameters = {}
        for name, variable in operation.inputs.items():
            if name.startswith("_") or variable is None:
                continue
            several = isinstance(variable, (list, tuple))
            parameters[name] = [look_up(part, values) for part in variable] if several else look_up(variable, values)
        if operation.op_type == "while_loop":
            results = run_loop(operation, parameters["loop_vars"], values)
        else:
            results = OPERATIONS[operation.op_type](**parameters)
        results = results if isinstance(results, tuple) else (results,)
        assert len(results) == len(operation.outputs), operation.op_type
        for variable, result in zip(operation.outputs, results):
            check_shape(operation, variable, result)
            values[variable.name] = result


def look_up(variable, values):
    return values[variable.name] if variable.name in values else constant(variable.val)


def check_shape(operation, variable, result):
    """The type inference of coremltools allows what was computed."""
    if not isinstance(result, torch.Tensor) or variable.shape is None:
        return
    fits = len(variable.shape) == result.ndim and all(
        not isinstance(extent, (int, np.integer)) or extent == own for extent, own in zip(variable.shape, result.shape))
    assert fits, f"{operation.op_type} {operation.name}: {tuple(result.shape)} and not {variable.shape}"


def run_loop(operation, variables, values):
    condition, body = operation.blocks
    while True:
        inner = dict(values)
        inner.update({variable.name: value for variable, value in zip(condition.inputs, variables)})
        run_block(condition, inner)
        if not bool(inner[condition.outputs[0].name].all()):
            return tuple(variables)
        inner = dict(values)
        inner.update({variable.name: value for variable, value in zip(body.inputs, variables)})
        run_block(body, inner)
        variables = [inner[variable.name] for variable in body.outputs]


# The operations, by the documentation of coremltools' converters/mil/mil/ops/defs (iOS 15 and 16).

def integers(value):
    return [int(number) for number in np.atleast_1d(as_array(value))]


def slice_by_index(x, begin, end, stride=None, begin_mask=None, end_mask=None, squeeze_mask=None):
    assert stride is None and squeeze_mask is None
    begins, ends = integers(begin), integers(end)
    masks = [[False] * x.ndim if mask is None else [bool(flag) for flag in as_array(mask)] for mask in (begin_mask, end_mask)]
    return x[tuple(slice(None if masks[0][axis] else begins[axis], None if masks[1][axis] else ends[axis])
                   for axis in range(x.ndim))]


def pad(x, pad, mode="constant", constant_val=0.0):
    assert mode == "constant"
    pairs = np.reshape(integers(pad), (-1, 2))
    return F.pad(x, [int(number) for pair in reversed(pairs.tolist()) for number in pair], value=float(constant_val))


def gather(x, indices, axis=0, batch_dims=0):
    assert batch_dims == 0 and axis == 0
    assert indices.numel() == 0 or (int(indices.min()) >= 0 and int(indices.max()) < x.shape[0])
    return x[indices.long()]


def scatter(data, indices, updates, axis=0, mode="update"):
    assert axis == 0 and mode == "update"
    result = data.clone()
    result[indices.long()] = updates
    return result


def convolution(x, weight, bias=None, strides=None, pad_type="valid", pad=None, dilations=None, groups=1):
    assert pad_type in ("valid", "custom")
    if pad_type == "custom":
        pairs = np.reshape(integers(pad), (-1, 2))
        x = F.pad(x, [int(number) for pair in reversed(pairs.tolist()) for number in pair])
    function = {3: F.conv1d, 4: F.conv2d}[x.ndim]
    return function(x, weight, bias, integers(strides), 0, integers(dilations), int(groups))


def pooling(kind):
    def pool(x, kernel_sizes, strides, pad_type, pad=None, ceil_mode=False, exclude_padding_from_average=False):
        sizes, steps, axes = integers(kernel_sizes), integers(strides), x.ndim - 2
        assert pad_type in ("valid", "custom")
        padding = integers(pad) if pad_type == "custom" else [0] * (2 * axes)
        assert padding[::2] == padding[1::2], "not symmetric"
        padding = padding[::2]
        if kind == "max":
            return {1: F.max_pool1d, 2: F.max_pool2d}[axes](x, sizes, steps, padding, ceil_mode=bool(ceil_mode))
        assert not ceil_mode
        return F.avg_pool2d(x, sizes, steps, padding, count_include_pad=not exclude_padding_from_average)
    return pool


def recurrent_steps(x, initial_states, step):
    outputs, states = [], initial_states
    for row in x:
        states = step(row, states)
        outputs.append(states[0])
    return torch.stack(outputs), states


ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}


def lstm(x, initial_h, initial_c, weight_ih, weight_hh, bias=None, weight_ih_back=None, weight_hh_back=None, bias_back=None,
         direction="forward", output_sequence=False, recurrent_activation="sigmoid", cell_activation="tanh",
         activation="tanh"):
    assert output_sequence and direction in ("forward", "bidirectional")
    gate, cell_act, act = (ACTIVATIONS[name] for name in (recurrent_activation, cell_activation, activation))

    def run(x, h, c, weight_ih, weight_hh, bias):
        def step(row, states):
            h, c = states
            # The gates are input, forget, output, cell.
            i, f, o, z = F.linear(row, weight_ih, bias).add(F.linear(h, weight_hh)).chunk(4, dim=1)
            c = gate(f) * c + gate(i) * cell_act(z)
            return gate(o) * act(c), c
        outputs, (h, c) = recurrent_steps(x, (h, c), step)
        return outputs, h, c

    size = weight_hh.shape[1]
    if direction == "forward":
        return run(x, initial_h, initial_c, weight_ih, weight_hh, bias)
    ahead = run(x, initial_h[:, :size], initial_c[:, :size], weight_ih, weight_hh, bias)
    back = run(x.flip(0), initial_h[:, size:], initial_c[:, size:], weight_ih_back, weight_hh_back, bias_back)
    return (torch.cat([ahead[0], back[0].flip(0)], 2), *(torch.cat(pair, 1) for pair in zip(ahead[1:], back[1:])))


def rnn(x, initial_h, weight_ih, weight_hh, bias=None, direction="forward", output_sequence=False, activation="tanh"):
    assert output_sequence and direction == "forward"
    act = ACTIVATIONS[activation]
    outputs, (h,) = recurrent_steps(
        x, (initial_h,), lambda row, states: (act(F.linear(row, weight_ih, bias) + F.linear(states[0], weight_hh)),))
    return outputs, h


def batch_norm(x, mean, variance, gamma, beta, epsilon):
    return F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, float(epsilon))


def local_response_norm(x, size, alpha, beta, k):
    """x / (k + alpha / size · sum of the squares of `size` channels around it) ** beta."""
    size = int(size)
    squares = F.pad(x * x, (0, 0, 0, 0, size // 2, (size - 1) // 2))
    sums = sum(squares[:, first:first + x.shape[1]] for first in range(size))
    return x / (float(k) + float(alpha) / size * sums) ** float(beta)


def classify(probabilities, classes):
    labels = [str(label) for label in (classes if isinstance(classes, (list, tuple)) else classes.val)]
    numbers = probabilities.flatten().tolist()
    assert len(labels) == len(numbers)
    return labels[int(np.argmax(numbers))], dict(zip(labels, numbers))


def reduction(function):
    return lambda x, axes, keep_dims: function(x, dim=integers(axes), keepdim=bool(keep_dims))


OPERATIONS = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "maximum": lambda x, y: torch.maximum(x, y), "less": lambda x, y: x < y,
    "relu": lambda x: torch.relu(x), "tanh": lambda x: torch.tanh(x), "sigmoid": lambda x: torch.sigmoid(x),
    "softplus": lambda x: F.softplus(x), "identity": lambda x: x.clone(),
    "softmax": lambda x, axis: torch.softmax(x, int(axis)),
    "linear": lambda x, weight, bias=None: F.linear(x, weight, bias),
    "matmul": lambda x, y, transpose_x, transpose_y: (x.mT if transpose_x else x) @ (y.mT if transpose_y else y),
    "concat": lambda values, axis, interleave: torch.cat(values, int(axis)),
    "transpose": lambda x, perm: x.permute(integers(perm)),
    "reshape": lambda x, shape: x.reshape(integers(shape)),
    "reverse": lambda x, axes: x.flip(integers(axes)),
    "squeeze": lambda x, axes: x.squeeze(integers(axes)[0]),
    "expand_dims": lambda x, axes: x.unsqueeze(integers(axes)[0]),
    "split": lambda x, num_splits, axis: tuple(x.chunk(int(num_splits), int(axis))),
    "shape": lambda x: torch.tensor(x.shape, dtype=torch.int32),
    "fill": lambda shape, value: torch.full(integers(shape), float(value)),
    "reduce_max": reduction(torch.amax), "reduce_mean": reduction(torch.mean), "reduce_sum": reduction(torch.sum),
    "slice_by_index": slice_by_index, "pad": pad, "gather": gather, "scatter": scatter,
    "conv": convolution, "max_pool": pooling("max"), "avg_pool": pooling("average"),
    "lstm": lstm, "rnn": rnn, "batch_norm": batch_norm, "local_response_norm": local_response_norm, "classify": classify,
}


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        sys.exit(0 if sys.argv[1:] == ["--help"] else 2)
    for path in sys.argv[1:]:
        package = Package(path)
        count = sum(1 for operation in package.function.operations if operation.op_type != "const")
        print(f"{path}: inputs {package.inputs}, outputs {package.outputs}, {count} operations")


if __name__ == "__main__":
    main()
