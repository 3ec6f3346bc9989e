/**
 * Checks a protocol that has nothing to do with replication: two-phase commit, written as two small statecharts.
 *
 * `npx tsx examples/check-two-phase-commit.ts` searches everything that can happen between a coordinator and two
 * participants, first as it should be, then with a bug: a participant that has voted yes loses patience and aborts.
 */
import { check } from 'standby/check'
import { impatient, system } from './two-phase-commit.ts'

const sound = check(system)
console.log(`as it should be: ${sound.verdict}, ${sound.states} states`)
for (const { name, run } of sound.goals) console.log(`  ${name}: ${run?.steps.length} steps`)

const broken = check(impatient)
console.log(`with an impatient participant: ${broken.verdict}`)
console.log(`  ${broken.violation?.name}: ${broken.violation?.reason}`)
console.log(broken.violation?.story)
