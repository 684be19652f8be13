export function heapUse() @ "xs_test_heap"
