/** The contracts of what a site may write itself, as tests: call them in a test file of your own. */
export { type LoginBench, loginContract } from './people/testing/login-contract.ts'
