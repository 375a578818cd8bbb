"""LoRA layers that compute with W + s*B*A, made once an optimizer step, instead of W x + s*B(A x) at every token.

The same function and the same gradients, to rounding: a forward pass costs what the base model's costs, and the thin
products are left for the backward pass, where A and B get their gradients. On a CPU, where they are slow, a step is a
tenth shorter. The price is a second copy of the layers' weights. Not for dropout, which lies between x and A.

In 16 bits the two stay apart: what A and B change is often less than the distance from a weight to the next one that 16
bits can write, so the sum, rounded, would be trained as another change than the one that is served in 32 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

ADAPTER = "default"


@contextmanager
def merged(model: Any, dtype: Any = None) -> Iterator[Merged]:
    """Within the block, the model's LoRA layers compute merged. Call refresh() before the first pass of every step.

    Args:
        model: A peft model.
        dtype: A torch dtype below that of the base weights: W x is computed in it, apart from B(A x).
    """
    layers = Merged(model, dtype)
    try:
        yield layers
    finally:
        layers.remove()


def can_merge(model: Any, dropout: float) -> bool:
    """Whether merging is exact (no dropout), possible for every layer (not GPT-2's), and worth the memory (CPU)."""
    import torch
    from peft.tuners.lora import Linear

    plain = all(isinstance(layer.base_layer, torch.nn.Linear) for layer in model.modules() if isinstance(layer, Linear))
    return plain and dropout == 0.0 and model.device.type == "cpu"


class Merged:
    """A peft model's LoRA layers, computing with merged weights or, in a lower precision, with rounded ones."""

    def __init__(self, model: Any, dtype: Any) -> None:
        import torch
        from peft.tuners.lora import Linear

        self._layers = [layer for layer in model.modules() if isinstance(layer, Linear)]
        self._sums: list[tuple[Any, Any]] = []  # layers with what they compute with; none in a lower precision
        for layer in self._layers:
            base = layer.base_layer.weight
            if dtype is None:
                self._sums.append((layer, torch.empty_like(base)))
                layer.forward = partial(_forward, _merged_function(), *self._sums[-1])
            else:
                layer.forward = partial(_forward, _rounded_function(), layer, base.detach().to(dtype))

    def refresh(self) -> None:
        """Recomputes the merged weights from the current A and B."""
        import torch

        with torch.no_grad():
            for layer, weight in self._sums:
                a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
                torch.addmm(layer.base_layer.weight, b, a, alpha=layer.scaling[ADAPTER], out=weight)

    def remove(self) -> None:
        """Restores the layers' own forward pass."""
        for layer in self._layers:
            del layer.forward
        self._sums = []


def _forward(function: Any, layer: Any, weight: Any, x: Any) -> Any:
    a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    return function.apply(x, weight, layer.base_layer.bias, a, b, layer.scaling[ADAPTER])


@cache
def _merged_function() -> Any:
    import torch
    from torch.nn.functional import linear

    class MergedLinear(torch.autograd.Function):
        """y = x W'^T + bias, W' = W + s*B*A: gradients to x, A and B, and none to the frozen W."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, a: Any, b: Any, scale: float) -> Any:
            ctx.save_for_backward(x, weight, a, b)
            ctx.scale = scale
            return linear(x, weight, bias)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            x, weight, a, b = ctx.saved_tensors
            (grad,) = grads
            rows, outs = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
            grad_x = grad @ weight if ctx.needs_input_grad[0] else None
            grad_a = ((outs @ b).t() @ rows).mul_(ctx.scale)
            grad_b = (outs.t() @ (rows @ a.t())).mul_(ctx.scale)
            return grad_x, None, None, grad_a, grad_b, None

    return MergedLinear


@cache
def _rounded_function() -> Any:
    import torch
    from torch.nn.functional import linear

    class RoundedLinear(torch.autograd.Function):
        """y = x W^T + bias + s*(x A^T) B^T: products in the precision of W, sums in that of x, which A's and B's is."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, a: Any, b: Any, scale: float) -> Any:
            rows = x.reshape(-1, x.shape[-1]).to(weight.dtype)
            low_a, low_b = a.to(weight.dtype), b.to(weight.dtype)
            thin = rows @ low_a.t()
            outs = linear(rows, weight, None if bias is None else bias.to(weight.dtype)).to(x.dtype)
            outs.addmm_(thin.to(x.dtype), b.t(), alpha=scale)  # not rounded with what W gives, which is far larger
            ctx.save_for_backward(rows, weight, low_a, low_b, thin)
            ctx.scale, ctx.kind = scale, a.dtype
            return outs.reshape(*x.shape[:-1], -1)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            rows, weight, a, b, thin = ctx.saved_tensors
            (grad,) = grads
            outs = grad.reshape(-1, grad.shape[-1]).to(weight.dtype)
            back = outs @ b
            grad_x = None
            if ctx.needs_input_grad[0]:
                grad_x = torch.addmm(outs @ weight, back, a, alpha=ctx.scale)
                grad_x = grad_x.to(grad.dtype).reshape(*grad.shape[:-1], -1)
            grad_a = (back.t() @ rows).to(ctx.kind).mul_(ctx.scale)
            grad_b = (outs.t() @ thin).to(ctx.kind).mul_(ctx.scale)
            return grad_x, None, None, grad_a, grad_b, None

    return RoundedLinear
