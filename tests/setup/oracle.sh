# shellcheck shell=bash
# The independent implementation that fires of schedules are held against: Python's croniter in a folder of its own below
# target/wlc-tests, in the versions and with the digests that requirements.txt has. Where it cannot be had, this says
# so aloud and goes on. This file is sourced, after environment.sh.

oracle=$work/cron
oracle_wants=$root/tests/tests/schedule/requirements.txt

# Debian's Python, also where there is another one.
make_oracle() {
  rm -rf "${oracle:?}"
  /usr/bin/python3 -m venv "$oracle" &&
    "$oracle/bin/pip" --quiet --disable-pip-version-check install --require-hashes --no-deps -r "$oracle_wants" </dev/null &&
    cp "$oracle_wants" "$oracle/requirements.txt"
}

prepare_oracle() {
  cmp --silent "$oracle_wants" "$oracle/requirements.txt" || step "install croniter" make_oracle || true
  if cmp --silent "$oracle_wants" "$oracle/requirements.txt"; then
    export WLC_CRON_ORACLE=$oracle/bin/python
  else
    say "croniter could not be installed: fires of schedules are not held against it"
  fi
}
