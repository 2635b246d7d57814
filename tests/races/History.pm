# SPDX-License-Identifier: GPL-2.0-or-later
package History;

# Whether what several did at once can have been done one after the other: each at some moment between its beginning and its end, and such
# that everybody got what he got. Known are the states that may be; as each command ends, those remain in which it has been done by then.
#
# What had to be refused, was. What had not, may be refused only to who was in somebody's way (see contended()).

use strict;
use warnings;
use Verbs qw(step names_of way_of uses_ports);

# contended(OP, OPS): whether another one that went on meanwhile may be the reason for a refusal. Who only looks is in nobody's way, and those that
# work in a machine that runs are not in each other's.
sub contended {
    my ($op, $ops) = @_;
    my %mine = map { $_ => 1 } names_of($op);
    for my $other (@$ops) {
        next if $other == $op || $other->{end} < $op->{begin} || $other->{begin} > $op->{end};
        next if way_of($other) eq 'look' || (way_of($other) eq 'inside' && way_of($op) eq 'inside');
        return 1 if grep { $mine{$_} } names_of($other);
    }
    return 0;
}

# unsure(OP, OPS): the names of which a look may have seen what was before or after, and parts of both.
sub unsure {
    my ($op, $ops) = @_;
    my %names;
    for my $other (@$ops) {
        next if $other == $op || $other->{end} < $op->{begin} || $other->{begin} > $op->{end};
        $names{$_} = 1 for way_of($other) eq 'change' ? names_of($other) : ();
    }
    return \%names;
}

sub key_of {
    my ($state) = @_;
    my @parts;
    for my $name (sort keys %{ $state->{images} }) {
        my $i = $state->{images}{$name};
        push @parts, join ' ', $name, $i->{value}, $i->{runs} || '-', $i->{limit} || '-', map { "$_=$i->{snapshots}{$_}" } sort keys %{ $i->{snapshots} };
    }
    return join "\n", @parts, map { "$_ $state->{ports}{$_}" } sort keys %{ $state->{ports} };
}

sub copy_of {
    my ($state) = @_;
    my %images = map { my $i = $state->{images}{$_}; $_ => { %$i, snapshots => { %{ $i->{snapshots} } } } } keys %{ $state->{images} };
    return { images => \%images, ports => { %{ $state->{ports} } } };
}

# after(STATE, OP): the states that can follow when it is done now, with what came of it.
sub after {
    my ($state, $op) = @_;
    my $next = copy_of($state);
    my $fits = step($next, $op);
    return $fits ? ($next) : $op->{ends} && $op->{contended} ? ($state) : () if $op->{ok};
    return ($state) unless $fits; # as it had to be
    return () unless $op->{contended};
    return $op->{writes} && $fits ? ($state, $next) : ($state); # who was cut off may have written before
}

# related(OP, OPS): those on which it may depend which states follow on OP: of the same names, of theirs, and so on. All others can wait.
sub related {
    my ($op, @others) = @_;
    my @found = ($op);
    for (my $i = 0; $i < @found; $i++) {
        my %names = map { $_ => 1 } names_of($found[$i]);
        my (@near, @far);
        for my $other (grep { $_ != $op } @others) {
            my $is_near = (uses_ports($found[$i]) && uses_ports($other)) || grep { $names{$_} } names_of($other);
            push @{ $is_near ? \@near : \@far }, $other;
        }
        push @found, @near;
        @others = @far;
    }
    return @found;
}

# done_by(CONFIGURATIONS, OP, GOING_ON): those in which it has been done, with any of those that go on done before it.
sub done_by {
    my ($configurations, $op, $going_on) = @_;
    my (%seen, %found);
    my @todo = values %$configurations;
    while (my $c = shift @todo) {
        if ($c->{done}{ $op->{id} }) {
            my %done = %{ $c->{done} };
            delete $done{ $op->{id} };
            my $key = key_of($c->{state}) . '|' . join ',', sort keys %done;
            $found{$key} = { state => $c->{state}, done => \%done };
            next;
        }
        for my $other (@$going_on) {
            next if $c->{done}{ $other->{id} };
            for my $state (after($c->{state}, $other)) {
                my %done = (%{ $c->{done} }, $other->{id} => 1);
                my $key = key_of($state) . '|' . join ',', sort keys %done;
                push @todo, { state => $state, done => \%done } unless $seen{$key}++;
            }
        }
    }
    return \%found;
}

# states_after(STATES, OPS): the states that may be when all have ended; or none, and the command at which there was no more.
sub states_after {
    my ($states, $ops) = @_;
    my $id = 0;
    for my $op (@$ops) {
        $op->{id} = $id++;
        $op->{contended} = contended($op, $ops);
        $op->{unsure} = unsure($op, $ops);
    }
    my %configurations = map { key_of($_) => { state => $_, done => {} } } @$states;
    my $left = \%configurations;
    for my $op (sort { $a->{end} <=> $b->{end} } @$ops) {
        my @going_on = related($op, grep { $_->{begin} <= $op->{end} && $_->{end} >= $op->{end} } @$ops);
        $left = done_by($left, $op, \@going_on);
        return ([], $op) unless %$left;
    }
    my %states = map { key_of($_->{state}) => $_->{state} } values %$left;
    return ([ values %states ], undef);
}

1;
