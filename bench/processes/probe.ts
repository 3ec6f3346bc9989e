/** Loaded before a child's program: says how much memory the process holds, after a collection, on request of the benchmark. */

/** What a child is asked for its memory. */
export interface MemoryQuestion {
  readonly ask: 'memory'
}

/** Bytes that are alive: of the heap, and of buffers outside of it; and what the process has of the system. */
export interface MemoryAnswer {
  readonly used: number
  readonly resident: number
}

process.on('message', (question: MemoryQuestion) => {
  if (question.ask !== 'memory') return
  global.gc!()
  // Sockets and buffers that were let go are finalised after the first collection.
  setTimeout(() => {
    global.gc!()
    const { heapUsed, external, rss } = process.memoryUsage()
    process.send!({ used: heapUsed + external, resident: rss } satisfies MemoryAnswer)
  }, 50)
})
// Only who is asked by the benchmark lives as long as it.
process.channel?.unref()
