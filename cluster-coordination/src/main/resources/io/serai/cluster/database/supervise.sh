# Runs one PostgreSQL program and sees to its end, whatever ends the server that started it.
#
#   supervise.sh LOCK DATA DEATH-SIGNAL PROGRAM [ARGUMENT...]
#
# - The lock file is inherited by the program and every process that it makes: once it can be taken, the last old
#   process is gone. Only then a postmaster.pid that an earlier server left in DATA is removed.
# - Orders come by standard input: "fast" (SIGINT), "immediate" (SIGQUIT). Its end means that the server died, which
#   is an immediate shutdown.
# - The program gets DEATH-SIGNAL from the kernel when this shell dies.
#
# Status 75: another process holds the lock. Otherwise the program's own status.
lock=$1 data=$2 signal=$3
shift 3
exec 9<>"$lock" || exit 74
flock -w 1 9 || exit 75
if [ -n "$data" ]; then rm -f "$data/postmaster.pid"; fi
exec 3<&0
setpriv --no-new-privs --pdeathsig "$signal" "$@" </dev/null 3<&- &
child=$!
exec 9<&-
(
    while read -r order <&3; do
        case $order in
            fast) kill -INT "$child" ;;
            immediate) kill -QUIT "$child" ;;
        esac
    done
    kill -QUIT "$child"
    sleep 10
    kill -KILL "$child"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"
