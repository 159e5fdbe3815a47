/** What is left for a person to do, as commands to be typed. Pure. */

import { unitName } from '../setup/units.ts'
import type { Choices } from './choices.ts'

export interface StepFacts {
  /** The command as the caller typed it, e.g. `/opt/batchway/current/bin/batchway`. */
  readonly program: string
  readonly isAgentInstalled: boolean
  readonly hasSystemd: boolean
  /** Members of the group of those who may use Batchway. */
  readonly members: readonly string[]
}

/** Each step: words, then commands. */
export function nextSteps(
  choices: Choices,
  facts: StepFacts,
): readonly { readonly words: string; readonly commands: readonly string[] }[] {
  const { places, account, group, agent, front, signOn, instance } = choices
  const config = `--config ${places.configFile}`
  const someone = facts.members[0] ?? 'NAME'
  return [
    ...(facts.isAgentInstalled
      ? []
      : [
          {
            words: 'Install what jobs run, and the sudo rule that names it:',
            commands: [
              `${facts.program} agent install ${agent.folder}`,
              `${facts.program} init${instance === null ? '' : ` --instance ${instance}`} …   (the same call again)`,
            ],
          },
        ]),
    ...(facts.members.length > 0
      ? []
      : [
          {
            words: `Nobody is in the group ${group} yet. Those who may use Batchway belong in it, no system account does:`,
            commands: [`usermod --append --groups ${group} NAME`],
          },
        ]),
    {
      words: 'Check it on the real machine, as the hub, with somebody who agrees to a small job:',
      commands: [`runuser -u ${account} -- ${facts.program} doctor ${config} --as ${someone}`],
    },
    ...(front === null || !front.isWritten
      ? []
      : [
          {
            words: `Put ${front.server} before it${signOn === null ? '' : `, with ${signOn.module}`}; the command says what else it needs:`,
            commands: [
              `${facts.program} front-config ${front.server} ${config}${signOn === null || front.server !== 'apache' ? '' : ` --sign-on ${signOn.signOn}`}`,
              `${facts.program} front-config ${front.server} ${config} --secret`,
            ],
          },
        ]),
    facts.hasSystemd
      ? {
          words: 'Start it, now and at each boot:',
          commands: ['systemctl daemon-reload', `systemctl enable --now ${unitName('', instance, 'target')}`],
        }
      : {
          words: 'There is no systemd here: let your supervisor run these two, as the hub’s account:',
          commands: [`${facts.program} proxy ${config}`, `${facts.program} hub ${config}`],
        },
    {
      words: 'Let somebody in, by a link for one use:',
      commands: [`runuser -u ${account} -- ${facts.program} link ${someone} ${config}`],
    },
  ]
}

export const stepsText = (steps: ReturnType<typeof nextSteps>): string =>
  steps
    .map(
      ({ words, commands }, index) =>
        `${index + 1}. ${words}\n${commands.map((command) => `     ${command}\n`).join('')}`,
    )
    .join('')
