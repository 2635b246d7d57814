# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words for tests with terminals, on top of expect's. A terminal is named by its spawn id; time limits are times $PATIENCE.

log_user 0
set patience $env(PATIENCE)
set machine $env(NAME)
array set seen {} ;# what each terminal has shown, for a failure's sake

proc fail {why} {
        global seen
        puts "failed: $why"
        foreach id [array names seen] { puts "--- $id showed: [string range $seen($id) end-1500 end]" }
        exit 1
}

# await ID PATTERN SECONDS: what it showed up to there.
proc await {id pattern {seconds 20}} {
        global patience seen expect_out
        set timeout [expr {$seconds * $patience}]
        expect {
                -i $id -re $pattern {}
                timeout { append seen($id) "\[time is up\]"; expect -i $id -timeout 0 -re {.+} { append seen($id) $expect_out(buffer) }; fail "no '$pattern' within $seconds s" }
                eof { fail "ended before '$pattern'" }
        }
        append seen($id) $expect_out(buffer)
        return $expect_out(buffer)
}

# on ROWS COLUMNS COMMAND...: starts it on a new terminal of that size.
proc on {rows columns args} {
        global stty_init spawn_out pids slaves
        set stty_init "rows $rows columns $columns"
        set pid [eval spawn -noecho $args]
        set pids($spawn_id) $pid
        set slaves($spawn_id) $spawn_out(slave,name)
        return $spawn_id
}

proc resize {id rows columns} {
        global slaves
        exec stty rows $rows columns $columns < $slaves($id)
}

proc type {id text} { send -i $id -- $text }

# prompt ID: of the guest's login, once a getty is up.
proc prompt {id {seconds 2}} { await $id {ogin: $} $seconds }

# log_in ID: as root, up to the shell's prompt.
proc log_in {id} {
        type $id "root\r"
        await $id {[#$] (\x1b\[6n)?$}
}

# run ID COMMAND: in the shell there; what it printed.
proc run {id command {seconds 20}} {
        type $id "$command; echo end-\$((40+2))\r"
        set text [await $id {end-42\r?\n} $seconds]
        await $id {[#$] (\x1b\[6n)?$}
        return $text
}

# answer ID COMMAND PATTERN
proc answer {id command pattern} {
        set text [run $id $command]
        if {![regexp -- $pattern $text]} { fail "'$command' answers '$text', not '$pattern'" }
}

proc ended {id {seconds 10}} {
        global patience
        set timeout [expr {$seconds * $patience}]
        expect {
                -i $id eof {}
                timeout { fail "does not end" }
        }
        catch { close -i $id }
        return [lindex [wait -i $id] 3]
}

proc leave {id} {
        type $id "\x1d\x1d\x1d"
        ended $id
}

# inside COMMAND...: by nbox exec.
proc inside {args} {
        global machine
        return [exec nbox exec $machine {*}$args]
}

# until SECONDS CONDITION: as of expr.
proc until {seconds condition} {
        global patience
        set end [expr {[clock milliseconds] + 1000 * $seconds * $patience}]
        while {![uplevel 1 [list expr $condition]]} {
                if {[clock milliseconds] > $end} { fail "not within $seconds s: $condition" }
                after 50
        }
}
