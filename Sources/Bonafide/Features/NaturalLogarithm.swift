import CKernels

/// Natural logarithm of a positive, normal number: `kernels_natural_logarithm`, which features share with the kernels.
@inline(__always)
func naturalLogarithm(_ x: Float) -> Float { kernels_natural_logarithm(x) }
