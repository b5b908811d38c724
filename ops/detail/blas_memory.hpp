#pragma once

namespace dimwise {

/// Takes what products need besides their operands, for this many at once: OpenBLAS's memory, 128 MiB of addresses for
/// each and for each of its own threads, few of which are used, and the code that oneDNN generates.
///
/// Both libraries do so at their first product otherwise, and if the system has no memory, OpenBLAS then waits forever,
/// and oneDNN ends the program. Throws MemoryError.
void reserve_blas_memory(int products);

/// Throws MemoryError unless there is room for the code that oneDNN generates when a primitive first runs: without it,
/// the program would end.
void check_room_for_code();

}  // namespace dimwise
