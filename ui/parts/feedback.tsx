import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { FEEDBACK_VERDICTS, type FeedbackVerdict } from '../../core/feedback.ts';
import type { FeedbackView, OpinionView } from '../../core/feedback-view.ts';
import type { AnomalyView } from '../../core/view.ts';
import { remove, write } from '../client.ts';
import { effectText, VERDICT_HINTS, VERDICT_WORDS } from '../feedback-words.ts';
import { formatAbsolute } from '../format.ts';
import { person, setPerson } from '../state.ts';

/** What was asked for and waits for a name: a word, or whose word to take back. */
type Wish = { readonly verdict: FeedbackVerdict; readonly note?: string } | { readonly of: string };

/**
 * What people say of an alert, three words to say it with, and what that changes. One's own word is pressed; pressing it
 * again takes it back.
 */
export function Feedback({ anomaly, title, reload }: { anomaly: AnomalyView; title: string; reload: () => void }) {
  const [answer, setAnswer] = useState<FeedbackView | undefined>(undefined);
  const [failure, setFailure] = useState('');
  const [told, setTold] = useState('');
  const [wish, setWish] = useState<Wish | undefined>(undefined);
  const [noting, setNoting] = useState(false);
  useEffect(() => setAnswer(undefined), [anomaly.feedback]);
  const view = answer ?? anomaly.feedback;
  const own = view.opinions.find(({ by }) => by === person.value);
  const path = `/api/anomalies/${encodeURIComponent(anomaly.id)}/feedback`;

  const grant = async (asked: Wish) => {
    setFailure('');
    setWish(undefined);
    try {
      const by = person.value;
      const given =
        'of' in asked
          ? await remove<FeedbackView>(path, { by, of: asked.of })
          : await write<FeedbackView>(path, { by, ...asked });
      setAnswer(given);
      setTold(
        'of' in asked
          ? `Taken back. ${effectText(given, anomaly.labels)}`
          : `${VERDICT_WORDS[asked.verdict]}. ${effectText(given, anomaly.labels)}`,
      );
      reload();
    } catch (problem) {
      setFailure((problem as Error).message);
    }
  };
  const want = (asked: Wish) => {
    setNoting(false);
    if (person.value === '') setWish(asked);
    else void grant(asked);
  };
  const effect = effectText(view, anomaly.labels);
  return (
    <div class="feedback">
      <fieldset class="verdicts" aria-label={`What was this alert: ${title}`}>
        {FEEDBACK_VERDICTS.map((verdict) => {
          const pressed = own?.verdict === verdict;
          return (
            <button
              type="button"
              key={verdict}
              aria-pressed={pressed}
              title={pressed ? 'Take back' : VERDICT_HINTS[verdict]}
              onClick={() => want(pressed ? { of: person.value } : { verdict })}
            >
              {VERDICT_WORDS[verdict]}
            </button>
          );
        })}
      </fieldset>
      {wish === undefined ? null : (
        <Field
          label="Your name"
          action="Say it"
          most={80}
          cancel={() => setWish(undefined)}
          done={(name) => {
            setPerson(name);
            void grant(wish);
          }}
        />
      )}
      {view.opinions.length === 0 ? null : (
        <ul class="opinions">
          {view.opinions.map((one) => (
            <Opinion
              key={one.by}
              one={one}
              own={one === own}
              counts={one.verdict === view.counts}
              back={() => want({ of: one.by })}
              note={() => setNoting(true)}
            />
          ))}
        </ul>
      )}
      {noting && own !== undefined ? (
        <Field
          label="A note"
          action="Add"
          most={1000}
          cancel={() => setNoting(false)}
          done={(note) => want({ verdict: own.verdict, note })}
        />
      ) : null}
      {effect === '' ? null : <p class="feedback-effect">{effect}</p>}
      {failure === '' ? null : (
        <p class="feedback-failure" role="alert">
          {failure}
        </p>
      )}
      <span class="unseen" role="status">
        {told}
      </span>
    </div>
  );
}

function Opinion({
  one,
  own,
  counts,
  back,
  note,
}: {
  one: OpinionView;
  own: boolean;
  counts: boolean;
  back: () => void;
  note: () => void;
}) {
  const word = VERDICT_WORDS[one.verdict].toLowerCase();
  return (
    <li class={counts ? '' : 'outvoted'} title={`${formatAbsolute(one.time)}${counts ? '' : ', a newer word counts'}`}>
      <span>
        <b>{one.by}</b> said {word}
        {one.note === '' ? '' : `: “${one.note}”`}
      </span>
      {own && one.note === '' ? (
        <button type="button" class="plain-button" onClick={note}>
          Add a note
        </button>
      ) : null}
      <button
        type="button"
        class="plain-button"
        onClick={back}
        aria-label={own ? `Undo: you said ${word}` : `Take back what ${one.by} said: ${word}`}
      >
        {own ? 'Undo' : 'Take back'}
      </button>
    </li>
  );
}

/** One line to fill in; Escape leaves it. */
function Field({
  label,
  action,
  most,
  done,
  cancel,
}: {
  label: string;
  action: string;
  most: number;
  done: (text: string) => void;
  cancel: () => void;
}) {
  const [text, setText] = useState('');
  const field = useRef<HTMLInputElement>(null);
  // Before anything is drawn: what is typed next belongs in here.
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <form
      class="feedback-field"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') done(text.trim());
      }}
    >
      <input
        ref={field}
        value={text}
        aria-label={label}
        placeholder={label}
        maxLength={most}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') cancel();
        }}
      />
      <button type="submit" class="control">
        {action}
      </button>
    </form>
  );
}
