/** An application whose `timed` stumbles over a malformed command: the primary goes on. */
import { expect, test } from 'vitest'
import { createCluster, defineApplication } from '../../runtime/index.ts'

test('N3 an application that throws when it is asked for the time of a command ends no server', async () => {
  const application = {
    ...defineApplication({
      name: 'careless',
      initialState: 0,
      execute: (sum: number, command: { readonly by: { readonly amount: number } } | null) => {
        if (command === null) throw new Error('expected an amount')
        return [sum + command.by.amount, sum + command.by.amount]
      },
    }),
    timed: (_: number, commands: readonly ({ readonly by: { readonly amount: number } } | null)[]) =>
      commands.some((command) => command!.by.amount > 0),
  }
  const cluster = createCluster({
    application: application as never,
    servers: 2,
    timing: { pingIntervalMs: 20 },
  })
  try {
    const client = cluster.client() as unknown as { execute(command: unknown): Promise<unknown> }
    await cluster.redundant()

    await expect(client.execute(null)).rejects.toMatchObject({ code: 'applicationError' })

    expect(await client.execute({ by: { amount: 2 } })).toBe(2)
    expect(cluster.primary()?.alive).toBe(true)
  } finally {
    await cluster.stop()
  }
})
