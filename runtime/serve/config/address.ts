/** Hosts with ports, as a configuration names them. Nothing is looked up. */
import * as v from 'valibot'
import { type Address, addressText, parseAddress } from '../../transport/address.ts'

export { type Address, formatAddress, parseAddress } from '../../transport/address.ts'

/** The schema of an address's text; what comes out is its parts. */
export const address = v.pipe(
  v.string(`Expected ${addressText}`),
  v.transform(parseAddress),
  v.custom<Address>((parsed) => parsed !== null, `Expected ${addressText}`),
)
