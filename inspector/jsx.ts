/** What JSX becomes in the page: shorter calls than those of its automatic form. */
export { Fragment, h } from 'preact'
