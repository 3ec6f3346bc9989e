/** Tests: all of them on the newest XState, those of what steps a chart on the oldest too, and those in a browser. */
import { defineConfig } from 'vitest/config'

const browserTests = 'test/inspector/browser/**/*.test.ts'

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What a command prints is judged as plain text, also where colours are on by default (picocolors: if CI is set).
    env: { NO_COLOR: '1' },
    projects: [
      {
        extends: true,
        test: { name: 'unit', pool: 'threads', include: ['test/**/*.test.ts'], exclude: [browserTests] },
      },
      {
        extends: true,
        // The oldest XState that the package admits (peerDependencies).
        resolve: {
          alias: [{ find: /^xstate(?=$|\/)/, replacement: 'xstate-lowest' }],
        },
        test: {
          name: 'xstate-lowest',
          pool: 'threads',
          include: [
            'test/machines/{step,step-fallback,candidates,zoo,replicated}.test.ts',
            'test/actors/{agreement,lifecycle}.test.ts',
            'test/check/check.test.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: [browserTests],
          // All files share one browser, and the processor would gain nothing from more.
          globalSetup: './test/inspector/browser/browser.ts',
          fileParallelism: false,
          expect: { poll: { timeout: 10_000 } },
          isolate: false,
        },
      },
    ],
  },
})
