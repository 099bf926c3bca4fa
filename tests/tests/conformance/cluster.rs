//! Clusters of programs that many people run: their members are a stateful-set, and find each other by name.

use wlc_tests::{node::Node, podman};

use crate::{
    looks::{remove, shell},
    stage::{Scene, Stage, scene},
};

pub(crate) const SCENES: &[Scene] = &[
    scene!(Long members_find_each_other_by_name),
    scene!(Long members_agree_on_a_leader),
    scene!(Long members_copy_from_the_first_one),
];

/// Whether there is the image of a scene; else its row is skipped.
fn has_image(stage: &Stage, (id, image): (&str, &str)) -> bool {
    let is_there = podman::podman(&["image", "exists", image]).status.success();
    if !is_there {
        stage.skip(id, &format!("there is no image {image}; tests/slow conformance makes it"));
    }
    is_there
}

fn three(stage: &Stage, order: &str, container: &str) -> Node {
    let mut node = stage.node();
    let text = format!(
        "stateful-set \"db\" replicas=3 {order} {{\n    grace \"5s\"\n    claim \"data\" size=\"256MiB\"\n    {container}\n}}\n"
    );
    node.write("workloads/db.kdl", &text);
    node.build();
    node.start_agent();
    node.wait_settled("db", 3);
    node
}

/// C-056: a leader and two that copy from it, all by name: what is written on the one is read on the others, also after the
/// leader was made anew.
fn members_find_each_other_by_name(stage: &Stage) {
    if !has_image(stage, ("C-056", "localhost/redis:1")) {
        return;
    }
    let container = r#"container "main" image="localhost/redis:1" {
        env { REPLICA field="replica" }
        command "sh" "-c" "case $REPLICA in db-0) of=;; *) of='--replicaof db-0 6379';; esac; exec redis-server --dir /data --appendonly yes --protected-mode no $of"
        mount "/data" claim="data"
        readiness "exec" "sh" "-c" "redis-cli ping | grep -q PONG && redis-cli info replication | grep -qE 'role:master|master_link_status:up'" period="1s"
    }"#;
    let node = three(stage, "", container);
    let says = |replica: &str, command: &str| shell(&node, replica, &format!("redis-cli {command}"));
    assert_eq!(says("db-0", "set greeting hello"), "OK");
    for replica in ["db-1", "db-2"] {
        node.wait_until(&format!("{replica} has it"), |node| shell(node, replica, "redis-cli get greeting") == "hello");
    }
    remove(&node, "db-0");
    node.wait_settled("db", 3);
    assert_eq!(says("db-0", "get greeting"), "hello", "its volume is as it was");
    assert_eq!(says("db-0", "set greeting again"), "OK");
    node.wait_until("a follower has it", |node| shell(node, "db-2", "redis-cli get greeting") == "again");
}

/// C-055: three members that are told each other's names agree on a leader; what is written on one is read on another, also
/// after one of them was made anew. They start at once: none is ready before two are there.
fn members_agree_on_a_leader(stage: &Stage) {
    if !has_image(stage, ("C-055", "localhost/etcd:1")) {
        return;
    }
    let container = r#"container "main" image="localhost/etcd:1" {
        env { ME field="replica"; ETCDCTL_API "3" }
        command "sh" "-c" "exec etcd --name $ME --data-dir /data/etcd --listen-peer-urls http://0.0.0.0:2380 --listen-client-urls http://0.0.0.0:2379 --advertise-client-urls http://$ME:2379 --initial-advertise-peer-urls http://$ME:2380 --initial-cluster db-0=http://db-0:2380,db-1=http://db-1:2380,db-2=http://db-2:2380"
        mount "/data" claim="data"
        port "client" 2379
        readiness "http" "/health" port="client" period="1s" timeout="1s"
    }"#;
    let node = three(stage, "order=\"parallel\"", container);
    let says = |replica: &str, command: &str| shell(&node, replica, &format!("etcdctl {command}"));
    let leaders = says("db-0", "endpoint status --endpoints=db-0:2379,db-1:2379,db-2:2379");
    assert_eq!(leaders.matches(", true,").count(), 1, "one of them leads: {leaders}");
    assert_eq!(says("db-1", "put greeting hello"), "OK");
    assert_eq!(says("db-2", "get greeting --print-value-only"), "hello");
    remove(&node, "db-1");
    node.wait_settled("db", 3);
    assert_eq!(says("db-1", "get greeting --print-value-only"), "hello", "it is a member as before");
    assert_eq!(says("db-1", "member list").lines().count(), 3);
}

/// Makes the tables of the system on an empty volume, then serves; all but the first copy from the first one.
const MARIADB: &str = r##"container "main" image="localhost/mariadb:1" {
        env { ME field="replica"; INDEX field="index" }
        command "sh" "-c" #"""
            set -e
            run() { program=$1; shift; "$program" --no-defaults --user=root --datadir=/data/db --lc-messages-dir=/usr/share/mysql "$@"; }
            if [ ! -e /data/made ]; then
                rm -rf /data/db; mkdir /data/db
                { echo 'create database mysql;'; echo 'use mysql;'; cat /usr/share/mysql/mysql_system_tables.sql /usr/share/mysql/mysql_performance_tables.sql /usr/share/mysql/mysql_system_tables_data.sql; } | run mariadbd --bootstrap
                touch /data/made
            fi
            echo "set global innodb_flush_log_at_trx_commit = 1;" > /tmp/first.sql
            [ "$INDEX" = 0 ] || printf '%s;\n' "stop slave" "change master to master_host='db-0', master_user='copy', master_use_gtid=slave_pos" "start slave" > /tmp/first.sql
            exec mariadbd --no-defaults --user=root --datadir=/data/db --lc-messages-dir=/usr/share/mysql --skip-grant-tables --skip-name-resolve --socket=/tmp/socket --server-id=$((INDEX + 1)) --log-bin=/data/db/log --init-file=/tmp/first.sql
            """#
        mount "/data" claim="data"
        readiness "exec" "mariadb" "--no-defaults" "--socket=/tmp/socket" "-e" "select 1" period="1s" timeout="5s"
    }"##;

/// C-057: the first member takes writes, the others find it by name and copy from it, from the start and after it was made anew.
fn members_copy_from_the_first_one(stage: &Stage) {
    if !has_image(stage, ("C-057", "localhost/mariadb:1")) {
        return;
    }
    let node = three(stage, "", MARIADB);
    let sql = |node: &Node, replica: &str, text: &str| {
        shell(node, replica, &format!("mariadb --no-defaults --socket=/tmp/socket -N -e \"{text}\" 2>&1 || true"))
    };
    sql(
        &node,
        "db-0",
        "create database words; create table words.said (word varchar(20)); insert into words.said values ('hello')",
    );
    let read = "select group_concat(word) from words.said";
    for replica in ["db-1", "db-2"] {
        node.wait_until(&format!("{replica} has it"), |node| sql(node, replica, read) == "hello");
    }
    remove(&node, "db-0");
    node.wait_settled("db", 3);
    sql(&node, "db-0", "insert into words.said values ('again')");
    node.wait_until("a follower has it", |node| sql(node, "db-2", read) == "hello,again");
}
