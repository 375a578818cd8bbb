"""LoRA layers that compute with W + s*B*A, made once an optimizer step, instead of W x + s*B(A x) at every token.

The same function and the same gradients, to rounding: a forward pass costs what the base model's costs, and the thin
products are left for the backward pass, where A and B get their gradients. On a CPU, where they are slow, a step is a
tenth shorter. The price is a second copy of the layers' weights. Not for dropout, which lies between x and A.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

ADAPTER = "default"


@contextmanager
def merged(model: Any, dtype: Any = None) -> Iterator[Merged]:
    """Within the block the model's LoRA layers compute merged; call refresh() before the first pass of every step.

    dtype: of torch, what they compute in; None: in that of the base model's weights.
    """
    layers = Merged(model, dtype)
    try:
        yield layers
    finally:
        layers.remove()


def can_merge(model: Any, dropout: float) -> bool:
    """Whether merging is exact (no dropout) and worth a copy of the weights (on a CPU), for every layer: GPT-2's hold
    their weights the other way round.
    """
    import torch
    from peft.tuners.lora import Linear

    plain = all(isinstance(layer.base_layer, torch.nn.Linear) for layer in model.modules() if isinstance(layer, Linear))
    return plain and dropout == 0.0 and model.device.type == "cpu"


class Merged:
    """The LoRA layers of a peft model, and the merged weights that they compute with."""

    def __init__(self, model: Any, dtype: Any) -> None:
        import torch
        from peft.tuners.lora import Linear

        self._layers = [layer for layer in model.modules() if isinstance(layer, Linear)]
        self._weights = [torch.empty_like(layer.base_layer.weight, dtype=dtype) for layer in self._layers]
        for layer, weight in zip(self._layers, self._weights, strict=True):
            layer.forward = partial(_forward, layer, weight)

    def refresh(self) -> None:
        """Computes the merged weights from what A and B are now."""
        import torch

        with torch.no_grad():
            for layer, weight in zip(self._layers, self._weights, strict=True):
                a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
                base, scale = layer.base_layer.weight, layer.scaling[ADAPTER]
                if weight.dtype == base.dtype:
                    torch.addmm(base, b, a, alpha=scale, out=weight)
                else:
                    weight.copy_(torch.addmm(base, b, a, alpha=scale))  # added in full, then rounded once

    def remove(self) -> None:
        """Gives the layers their own forward back."""
        for layer in self._layers:
            del layer.forward
        self._weights = []


def _forward(layer: Any, weight: Any, x: Any) -> Any:
    a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    return _function().apply(x, weight, layer.base_layer.bias, a, b, layer.scaling[ADAPTER])


@cache
def _function() -> Any:
    import torch
    from torch.nn.functional import linear

    class MergedLinear(torch.autograd.Function):
        """y = x W'^T + bias, W' = W + s*B*A: gradients to x, A and B, and none to the frozen W."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, a: Any, b: Any, scale: float) -> Any:
            kind, x = x.dtype, x.to(weight.dtype)
            ctx.save_for_backward(x, weight, a, b)
            ctx.scale = scale
            return linear(x, weight, None if bias is None else bias.to(weight.dtype)).to(kind)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            x, weight, a, b = ctx.saved_tensors
            grad = grads[0].to(weight.dtype)
            low_a, low_b = a.to(weight.dtype), b.to(weight.dtype)
            rows, outs = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
            grad_x = grad @ weight if ctx.needs_input_grad[0] else None
            grad_a = ((outs @ low_b).t() @ rows).to(a.dtype).mul_(ctx.scale)
            grad_b = (outs.t() @ (rows @ low_a.t())).to(b.dtype).mul_(ctx.scale)
            return grad_x, None, None, grad_a, grad_b, None

    return MergedLinear
