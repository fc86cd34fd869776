//! The laws of the event store and of subscriptions, on one nats-server and on a cluster of three:
//! the two differ in what they answer to conflicts and repeated messages.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod faults;
mod operators;
mod orders;
mod permissions;
mod probe;
mod reader;
mod redrive;
mod replay;
mod replicas;
mod starts;
mod store;
mod subscription;
mod timers;
mod topology;
mod tries;

use testkit::Fixture;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_lost_is_made_again() {
    faults::a_request_that_was_lost_is_made_again(&Fixture::single(&faults::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_its_laws_on_one_server() {
    store::laws(&Fixture::single(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_keeps_its_laws_on_a_cluster() {
    store::laws(&Fixture::cluster(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_keep_their_laws_on_one_server() {
    Box::pin(subscription::laws(&Fixture::single(&subscription::durables()).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_keep_their_laws_on_a_cluster() {
    Box::pin(subscription::laws(&Fixture::cluster(&subscription::durables()).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_dropped_is_given_back_at_once() {
    subscription::what_was_dropped_is_given_back_at_once().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_only_server_is_killed() {
    let mut fixture = Fixture::single(&faults::durables()).await;
    faults::a_server_is_killed_at_work(&mut fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_leader_is_killed() {
    let mut fixture = Fixture::cluster(&faults::durables()).await;
    faults::a_server_is_killed_at_work(&mut fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_keep_their_laws_on_one_server() {
    timers::laws(&mut Fixture::single(&timers::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_keep_their_laws_on_a_cluster() {
    timers::laws(&mut Fixture::cluster(&timers::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_keep_their_laws_on_one_server() {
    starts::laws(&mut Fixture::single(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_keep_their_laws_on_a_cluster() {
    starts::laws(&mut Fixture::cluster(&[]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_find_their_way_back_on_one_server() {
    redrive::laws(&Fixture::single(&redrive::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_find_their_way_back_on_a_cluster() {
    redrive::laws(&Fixture::cluster(&redrive::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_keep_their_word_on_one_server() {
    Box::pin(operators::laws(&Fixture::single(&operators::durables()).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_keep_their_word_on_a_cluster() {
    Box::pin(operators::laws(&Fixture::cluster(&operators::durables()).await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_at_a_time_reads_and_the_next_keeps_the_order_on_one_server() {
    let fixture = Fixture::single(&replicas::durables()).await;
    replicas::one_replica_at_a_time_reads_and_the_next_keeps_the_order(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_at_a_time_reads_and_the_next_keeps_the_order_on_a_cluster() {
    let fixture = Fixture::cluster(&replicas::durables()).await;
    replicas::one_replica_at_a_time_reads_and_the_next_keeps_the_order(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reader_that_was_cut_off_holds_comes_before_what_is_new_on_one_server() {
    let fixture = Fixture::single(&replicas::durables()).await;
    replicas::what_a_reader_that_was_cut_off_holds_comes_before_what_is_new(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reader_that_was_cut_off_holds_comes_before_what_is_new_on_a_cluster() {
    let fixture = Fixture::cluster(&replicas::durables()).await;
    replicas::what_a_reader_that_was_cut_off_holds_comes_before_what_is_new(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_bit_by_bit_is_not_overtaken_on_one_server() {
    let fixture = Fixture::single(&replicas::durables()).await;
    replicas::what_is_given_back_bit_by_bit_is_not_overtaken(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_bit_by_bit_is_not_overtaken_on_a_cluster() {
    let fixture = Fixture::cluster(&replicas::durables()).await;
    replicas::what_is_given_back_bit_by_bit_is_not_overtaken(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_tries_outlive_a_process_on_one_server() {
    tries::laws(&mut Fixture::single(&tries::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_tries_outlive_a_process_on_a_cluster() {
    tries::laws(&mut Fixture::cluster(&tries::durables()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replica_leaves_its_work_to_the_other_on_one_server() {
    let fixture = Fixture::single(&replicas::durables()).await;
    replicas::a_replica_that_is_killed_leaves_its_work_to_the_other(&fixture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replica_leaves_its_work_to_the_other_on_a_cluster() {
    let fixture = Fixture::cluster(&replicas::durables()).await;
    replicas::a_replica_that_is_killed_leaves_its_work_to_the_other(&fixture).await;
}
