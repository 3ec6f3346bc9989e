/** Accounts of NATS without its tools: an operator, an account and users with credentials, as nsc would make them. It asserts nothing. */
import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
} from '@nats-io/jwt'

/** Without limits an account may do nothing. */
const unlimited = {
  ...{ subs: -1, data: -1, payload: -1, conn: -1, leaf: -1 },
  ...{ imports: -1, exports: -1, wildcards: true },
}

/** An operator's server, and the `.creds` of its users. */
export async function createAccounts() {
  const [operator, account] = [createOperator(), createAccount()]
  const operatorJwt = await encodeOperator('operator', operator)
  const accountJwt = await encodeAccount('standby', account, { limits: unlimited }, { signer: operator })
  const name = account.getPublicKey()
  return {
    /** In the language of the server's configuration. */
    configuration: `operator: ${operatorJwt}\nresolver: MEMORY\nresolver_preload: { ${name}: ${accountJwt} }`,
    /** For a caller who speaks for `node` and no other node. */
    async credentialsOf(node: string): Promise<string> {
      const user = createUser()
      const permissions = {
        pub: { allow: [`standby.*.*.*.*.server.${node}.*`], deny: [] },
        sub: { allow: [`standby.*.server.${node}.*.>`], deny: [] },
      }
      const jwt = await encodeUser(node, user, account, permissions)
      return new TextDecoder().decode(fmtCreds(jwt, user))
    },
  }
}
