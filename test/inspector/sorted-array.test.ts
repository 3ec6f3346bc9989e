/** The page's stand-in for sorted-btree passes the tests of the ordered map as the B-tree does. */
import { vi } from 'vitest'

vi.mock('sorted-btree', () => import('../../inspector/stand-ins/sorted-array.ts'))

await import('../machines/ordered-map.test.ts')
