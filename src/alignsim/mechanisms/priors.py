"""What may be believed about a number before seeing data: distributions given by their quantile functions.

A draw is `quantile(u)` of a uniform u that is addressed by (seed, run, parameter), so a design of experiments can
replace the uniforms and nothing else changes. Every prior is cut to its parameter's allowed range.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Array = Any  # numpy arrays or floats; NumPy is imported only when a prior is drawn from


@dataclass(frozen=True)
class Prior:
    """A distribution on the real line; subclasses give `cdf` and `inverse`, both elementwise."""

    def cdf(self, x: Array) -> Array:
        raise NotImplementedError

    def inverse(self, u: Array) -> Array:
        raise NotImplementedError

    def quantile(self, u: Array, low: float = float("-inf"), high: float = float("inf")) -> Array:
        """The value below which a share u in (0, 1) of the prior, cut to [low, high], lies; shape of u."""
        import numpy as np

        bottom, top = self.cdf(low), self.cdf(high)
        if not top > bottom:  # all mass outside the range: its nearer end
            return np.clip(self.inverse(np.asarray(u)), low, high)
        return np.clip(self.inverse(bottom + (top - bottom) * np.asarray(u)), low, high)


@dataclass(frozen=True)
class Constant(Prior):
    """No doubt at all."""

    value: float

    def quantile(self, u: Array, low: float = float("-inf"), high: float = float("inf")) -> Array:
        import numpy as np

        return np.full(np.shape(u), self.value)

    def __str__(self) -> str:
        return f"{self.value:g}"


@dataclass(frozen=True)
class Normal(Prior):
    mean: float
    sd: float

    def cdf(self, x: Array) -> Array:
        from scipy.special import ndtr

        return ndtr((x - self.mean) / self.sd)

    def inverse(self, u: Array) -> Array:
        from scipy.special import ndtri

        return self.mean + self.sd * ndtri(u)

    def __str__(self) -> str:
        return f"normal({self.mean:g}, {self.sd:g})"


@dataclass(frozen=True)
class HalfNormal(Prior):
    """The absolute value of a normal with mean 0 and the given sd."""

    sd: float

    def cdf(self, x: Array) -> Array:
        from scipy.special import ndtr

        return max(0.0, 2 * float(ndtr(x / self.sd)) - 1)

    def inverse(self, u: Array) -> Array:
        from scipy.special import ndtri

        return self.sd * ndtri(0.5 + 0.5 * u)

    def __str__(self) -> str:
        return f"half-normal({self.sd:g})"


@dataclass(frozen=True)
class LogNormal(Prior):
    median: float
    sigma: float

    def cdf(self, x: Array) -> Array:
        from math import inf, log

        from scipy.special import ndtr

        if x <= 0:
            return 0.0
        return 1.0 if x == inf else ndtr((log(x) - log(self.median)) / self.sigma)

    def inverse(self, u: Array) -> Array:
        import numpy as np
        from scipy.special import ndtri

        return self.median * np.exp(self.sigma * ndtri(u))

    def __str__(self) -> str:
        return f"log-normal({self.median:g}, {self.sigma:g})"


@dataclass(frozen=True)
class Beta(Prior):
    a: float
    b: float

    def cdf(self, x: Array) -> Array:
        from scipy.special import betainc

        return betainc(self.a, self.b, min(max(x, 0.0), 1.0))

    def inverse(self, u: Array) -> Array:
        from scipy.special import betaincinv

        return betaincinv(self.a, self.b, u)

    def __str__(self) -> str:
        return f"beta({self.a:g}, {self.b:g})"


@dataclass(frozen=True)
class Triangular(Prior):
    low: float
    mode: float
    high: float

    def cdf(self, x: Array) -> Array:
        width = self.high - self.low
        if x <= self.low:
            return 0.0
        if x >= self.high:
            return 1.0
        if x <= self.mode:
            return (x - self.low) ** 2 / (width * (self.mode - self.low))
        return 1 - (self.high - x) ** 2 / (width * (self.high - self.mode))

    def inverse(self, u: Array) -> Array:
        import numpy as np

        u, width = np.asarray(u), self.high - self.low
        rising = self.low + np.sqrt(u * width * (self.mode - self.low))
        falling = self.high - np.sqrt((1 - u) * width * (self.high - self.mode))
        return np.where(u * width < self.mode - self.low, rising, falling)

    def __str__(self) -> str:
        return f"triangular({self.low:g}, {self.mode:g}, {self.high:g})"


@dataclass(frozen=True)
class Uniform(Prior):
    low: float
    high: float

    def cdf(self, x: Array) -> Array:
        return min(max((x - self.low) / (self.high - self.low), 0.0), 1.0)

    def inverse(self, u: Array) -> Array:
        return self.low + (self.high - self.low) * u

    def __str__(self) -> str:
        return f"uniform({self.low:g}, {self.high:g})"
