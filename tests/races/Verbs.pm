# SPDX-License-Identifier: GPL-2.0-or-later
package Verbs;

# What the workers of the model do: each verb, how often, on what, by which command, and what must come of it.
#
# A state is { images => { NAME => { value, runs, limit, snapshots => { SNAPSHOT => value } } }, ports => { PORT => NAME } }. The value is what stands in
# /value of the image; runs is the zone of its machine, or ''; limit stands in its settings. The image `base` is never changed: others are cloned of it.

use strict;
use warnings;
use Exporter 'import';
our @EXPORT_OK = qw(draw command step names_of way_of uses_ports @NAMES @PORTS);

our @NAMES = qw(ada bob cid dot eve);
our @PORTS = (8101 .. 8103);
my @SNAPSHOTS = qw(one two);
my ($LIMIT, @LIMITS) = -d '/run/systemd/system' ? qw(tasks 500 600 700) : qw(oom-policy kill stop continue); # what the host takes
my @ZONES = qw(default default lab);

sub ends {
    my ($s, $name) = @_;
    my $i = $s->{images}{$name} or return 0;
    return 0 unless $i->{runs};
    $i->{runs} = '';
    delete $s->{ports}{$_} for grep { $s->{ports}{$_} eq $name } keys %{ $s->{ports} };
    return 1;
}

# The image by that name, if it is there, and runs, or does not, as said.
sub image { my ($s, $name) = @_; return $s->{images}{$name} }
sub running { my $i = image(@_); return $i && $i->{runs} ? $i : undef }
sub resting { my $i = image(@_); return $i && !$i->{runs} ? $i : undef }

# Per verb: how often (of the sum of all); its way: 'change' of what is there or runs, 'inside' of a machine or of what it has on the host, or a 'look';
# what it is drawn for besides a name; the words of the command; what it does to a state, true if it can be done then.
# ends: who finds it done meanwhile has not failed. reads: what it prints must be so. writes: may have been done by who was cut off.
my %VERBS = (
    boot => [ 16, 'change', ['zone'], sub { 'boot', '-qd', "--network-zone=$_->{zone}", $_->{name} },
        sub { my ($s, $op) = @_; my $i = resting($s, $op->{name}) or return 0; $i->{runs} = $op->{zone}; 1 } ],
    terminate => [ 5, 'change', ['ends'], sub { 'terminate', '-qw', $_->{name} }, sub { ends($_[0], $_[1]{name}) } ],
    poweroff  => [ 4, 'change', ['ends'], sub { 'poweroff', '-qw', $_->{name} }, sub { ends($_[0], $_[1]{name}) } ],
    reboot    => [ 3, 'change', [], sub { 'reboot', '-qw', $_->{name} }, sub { !!running($_[0], $_[1]{name}) } ],
    get       => [ 8, 'inside', ['reads'], sub { 'exec', $_->{name}, 'cat', '/value' },
        sub { my ($s, $op) = @_; my $i = running($s, $op->{name}); $i && (!$op->{ok} || $op->{out} eq "$i->{value}\n") } ],
    put => [ 8, 'inside', [ 'value', 'writes' ], sub { 'exec', $_->{name}, 'sh', '-c', "echo $_->{value} >/value.new && mv /value.new /value" },
        sub { my ($s, $op) = @_; my $i = running($s, $op->{name}) or return 0; $i->{value} = $op->{value}; 1 } ],
    'copy-to' => [ 4, 'change', [ 'value', 'file', 'writes' ], sub { 'copy-to', '-q', '--force', $_->{name}, $_->{file}, '/value' },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}) or return 0; $i->{value} = $op->{value}; 1 } ],
    'copy-from' => [ 4, 'change', [ 'reads', 'file' ], sub { 'copy-from', '-q', '--force', $_->{name}, '/value', $_->{file} },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}); $i && (!$op->{ok} || $op->{out} eq "$i->{value}\n") } ],
    'port add' => [ 8, 'inside', ['port'], sub { 'port', 'add', '-q', $_->{name}, "$_->{port}:80" },
        sub { my ($s, $op) = @_; return 0 if $s->{ports}{ $op->{port} } || !running($s, $op->{name}); $s->{ports}{ $op->{port} } = $op->{name}; 1 } ],
    'port remove' => [ 5, 'inside', ['port'], sub { 'port', 'remove', '-q', $_->{name}, "$_->{port}:80" },
        sub { my ($s, $op) = @_; return 0 if ($s->{ports}{ $op->{port} } // '') ne $op->{name}; delete $s->{ports}{ $op->{port} }; 1 } ],
    snapshot => [ 6, 'change', ['snapshot'], sub { 'snapshot', '-q', $_->{name}, $_->{snapshot} },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}); return 0 if !$i || $i->{snapshots}{ $op->{snapshot} };
            $i->{snapshots}{ $op->{snapshot} } = $i->{value}; 1 } ],
    'snapshot remove' => [ 3, 'change', ['snapshot'], sub { 'snapshot', 'remove', '-q', $_->{name}, $_->{snapshot} },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}) or return 0; !!delete $i->{snapshots}{ $op->{snapshot} } } ],
    rollback => [ 4, 'change', ['snapshot'], sub { 'rollback', '-q', $_->{name}, $_->{snapshot} },
        sub { my ($s, $op) = @_; my $i = resting($s, $op->{name}); my $value = $i && $i->{snapshots}{ $op->{snapshot} } or return 0;
            $i->{value} = $value; 1 } ],
    rename => [ 5, 'change', ['to'], sub { 'rename', '-q', $_->{name}, $_->{to} },
        sub { my ($s, $op) = @_; return 0 if !resting($s, $op->{name}) || image($s, $op->{to});
            $s->{images}{ $op->{to} } = delete $s->{images}{ $op->{name} }; 1 } ],
    clone => [ 5, 'change', ['to'], sub { 'clone', '-q', $_->{name}, $_->{to} },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}); return 0 if !$i || image($s, $op->{to});
            $s->{images}{ $op->{to} } = { value => $i->{value}, runs => '', limit => '', snapshots => {} }; 1 } ],
    'clone of base' => [ 5, 'change', [], sub { 'clone', '-q', 'base', $_->{name} },
        sub { my ($s, $op) = @_; return 0 if image($s, $op->{name}); $s->{images}{ $op->{name} } = { value => 'base', runs => '', limit => '', snapshots => {} }; 1 } ],
    remove => [ 3, 'change', [], sub { 'remove', '-q', '--settings=remove', $_->{name} },
        sub { my ($s, $op) = @_;
            return 0 unless resting($s, $op->{name});
            delete $s->{images}{ $op->{name} } } ],
    set => [ 4, 'change', ['limit'], sub { 'set', '-q', $_->{name}, "$LIMIT=$_->{limit}" },
        sub { my ($s, $op) = @_; my $i = image($s, $op->{name}) or return 0; $i->{limit} = $op->{limit}; 1 } ],
    list   => [ 4, 'look', [ 'reads', 'all' ], sub { 'list', '-q' }, sub { my ($s, $op) = @_; shown($op, sub { running($s, $_[0]) }) } ],
    images => [ 3, 'look', [ 'reads', 'all' ], sub { 'images', '-q' }, sub { my ($s, $op) = @_; shown($op, sub { image($s, $_[0]) }) } ],
    gc               => [ 1, 'look', ['all'], sub { 'gc' }, sub { 1 } ],
    'network repair' => [ 1, 'look', ['all'], sub { 'network', 'repair' }, sub { 1 } ],
);

# What a list shows is so, but for names of which it may have seen either.
sub shown {
    my ($op, $is_there) = @_;
    return 1 unless $op->{ok};
    my %shown = map { $_ => 1 } split ' ', $op->{out};
    for my $name (@NAMES) {
        return 0 if !$op->{unsure}{$name} && !$shown{$name} != !$is_there->($name);
    }
    return 1;
}

# draw(RANDOM, ID, DIRECTORY): what a worker does next; RANDOM(N) is below N.
sub draw {
    my ($random, $id, $directory) = @_;
    my @verbs = sort keys %VERBS;
    my $total = 0;
    $total += $VERBS{$_}[0] for @verbs;
    my $at = $random->($total);
    my $verb;
    for (@verbs) { $verb = $_; last if ($at -= $VERBS{$_}[0]) < 0 }
    my @names = @NAMES[ $random->(scalar @NAMES), $random->(scalar @NAMES) ];
    my %drawn = (zone => $ZONES[ $random->(scalar @ZONES) ], port => $PORTS[ $random->(scalar @PORTS) ], snapshot => $SNAPSHOTS[ $random->(2) ],
        limit => $LIMITS[ $random->(3) ]);
    my %op = (verb => $verb, name => $names[0]);
    for my $what (@{ $VERBS{$verb}[2] }) {
        if ($what eq 'to') { return draw($random, $id, $directory) if $names[0] eq $names[1]; $op{to} = $names[1] }
        elsif ($what eq 'value') { $op{value} = $id }
        elsif ($what eq 'file') { $op{file} = "$directory/$id" }
        else { $op{$what} = $drawn{$what} // 1 }
    }
    return \%op;
}

sub command { local $_ = $_[0]; return ('nbox', $VERBS{ $_->{verb} }[3]->()) }
sub step { my ($state, $op) = @_; return $VERBS{ $op->{verb} }[4]->($state, $op) }
sub way_of { return $VERBS{ $_[0]{verb} }[1] }
sub names_of { my ($op) = @_; return $op->{all} ? @NAMES : ($op->{name}, $op->{to} // ()) }

# Whether what it does depends on who has which port: who ends gives his back.
sub uses_ports { my ($op) = @_; return $op->{port} || $op->{ends} }

1;
